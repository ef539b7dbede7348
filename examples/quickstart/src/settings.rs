//! What the environment may change.

use std::env;

use crate::database::DatabaseFile;

/// Where to listen, and where the data is.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `HOST`: an address or a name of this machine. Default: only this machine can connect.
    pub(crate) host: String,
    /// `PORT`: 0 takes any free one.
    pub(crate) port: u16,
    /// `DATABASE_FILE`: created on the first start.
    pub(crate) database_file: DatabaseFile,
}

impl Settings {
    /// Reads the environment; the error says which variable to mend, and how.
    pub(crate) fn from_env() -> Result<Self, String> {
        let file = env::var_os("DATABASE_FILE").unwrap_or_else(|| "quickstart.sqlite".into());
        Ok(Self {
            host: env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned()),
            port: port()?,
            database_file: DatabaseFile::new(file),
        })
    }
}

fn port() -> Result<u16, String> {
    let Some(value) = env::var_os("PORT") else {
        return Ok(8000);
    };
    let port = value.to_str().and_then(|port| port.parse().ok());
    port.ok_or_else(|| {
        format!("PORT is {value:?}, but must be a number from 0 to 65535, 0 being any free port")
    })
}
