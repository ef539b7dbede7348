//! The database: a file that this process alone uses.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

/// How long a request waits for a connection before it gets an error.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// The path of the file that holds the database.
#[derive(Debug)]
pub(crate) struct DatabaseFile(PathBuf);

impl DatabaseFile {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory that the file is in, or will be.
    pub(crate) fn directory(&self) -> &Path {
        let parent = self.0.parent().filter(|parent| *parent != "");
        parent.unwrap_or(Path::new("."))
    }

    /// A pool that connects when it is first used. A database that is not there yet is nothing
    /// to crash for: readiness says so, and the migration tries again.
    pub(crate) fn open(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(&self.0)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_in_a_directory_even_if_its_path_names_none() {
        let directory = |path| DatabaseFile::new(path).directory().to_owned();
        assert_eq!(directory("quickstart.sqlite"), Path::new("."));
        assert_eq!(directory("/data/notes.sqlite"), Path::new("/data"));
    }
}
