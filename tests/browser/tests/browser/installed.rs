//! The programs and modules that are needed.

use std::ffi::OsStr;
use std::path::PathBuf;

const MODULES: [&str; 2] = ["playwright-core", "axe-core"];

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) node: PathBuf,
    pub(crate) chromium: PathBuf,
}

impl Installed {
    /// Finds all that is needed, or says what is missing.
    ///
    /// # Panics
    /// If something is missing, and `HEALTH_TEST_SERVICES` is `required`.
    pub(crate) fn find() -> Result<Self, String> {
        let found = Self::look();
        let services = std::env::var_os("HEALTH_TEST_SERVICES");
        let required = services.as_deref() == Some(OsStr::new("required"));
        assert!(found.is_ok() || !required, "{found:?}");
        found
    }

    fn look() -> Result<Self, String> {
        let found = Self {
            node: look_for("node", "PATH")?,
            chromium: look_for("chromium", "PATH")?,
        };
        for module in MODULES {
            look_for(module, "NODE_PATH")?;
        }
        Ok(found)
    }
}

fn look_for(name: &str, variable: &str) -> Result<PathBuf, String> {
    let folders = std::env::var_os(variable).unwrap_or_default();
    let mut places = std::env::split_paths(&folders).map(|folder| folder.join(name));
    let found = places.find(|place| place.exists());
    found.ok_or_else(|| format!("not installed: no {name} in {variable}"))
}
