use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The files that the kernel tells by.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: PathBuf,
}

impl Default for Files {
    fn default() -> Self {
        Self { root: "/".into() }
    }
}

impl Files {
    /// Those of a system that is told of below a folder.
    #[cfg(test)]
    pub(super) fn below(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// What a file says, if it is there and may be read.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Result<Option<String>, Failure> {
        const MOST: u64 = 4 << 20;
        let mut bytes = Vec::new();
        let read = File::open(self.path(path.as_ref()))
            .and_then(|file| file.take(MOST).read_to_end(&mut bytes));
        match read {
            Ok(_) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) => unreadable(error).map_or(Ok(None), Err),
        }
    }

    /// How many entries a folder of the kernel has; at most so many are counted.
    pub(super) fn entries(&self, folder: &str, most: u64) -> Result<Option<u64>, Failure> {
        let folder = self.path(folder.as_ref());
        // Since Linux 6.2 the size is what would be counted, and costs no descriptor.
        let size = fs::metadata(&folder).map_or(0, |folder| folder.len());
        if self.root == Path::new("/") && size > 0 {
            return Ok(Some(size));
        }
        match fs::read_dir(folder) {
            Ok(entries) => Ok(Some(entries.zip(0..most).count() as u64)),
            Err(error) => unreadable(error).map_or(Ok(None), Err),
        }
    }

    fn path(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// Why it matters that something cannot be read, if it does.
fn unreadable(error: io::Error) -> Option<Failure> {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    match error.raw_os_error() {
        Some(ENFILE | EMFILE) => Some(Failure::because("no file descriptor is left", error)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_known_unless_no_descriptor_is_left() {
        let files = Files::default();
        assert!(matches!(files.text("/no/such/file"), Ok(None)));
        assert!(matches!(files.text("/"), Ok(None)));
        assert!(matches!(files.entries("/no/such/folder", 1), Ok(None)));
        let none_left = unreadable(io::Error::from_raw_os_error(24));
        assert_eq!(
            none_left.map(|failure| failure.to_string()).as_deref(),
            Some("no file descriptor is left")
        );
    }
}
