//! What the environment may change.

use std::env;
use std::str::FromStr;
use std::time::Duration;

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
    /// `DRAIN_MS`: how long it goes on serving when it was asked to stop, so that balancers notice
    /// that it is not ready. Default: 2 s, as long as a visitor has patience; in production more.
    pub(crate) drain: Duration,
}

impl Settings {
    /// Reads the environment; the error says which variable to mend, and how.
    pub(crate) fn from_env() -> Result<Self, String> {
        let file = env::var_os("DATABASE_FILE").unwrap_or_else(|| "quickstart.sqlite".into());
        Ok(Self {
            host: env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned()),
            port: number("PORT", 8000, "from 0 to 65535, 0 being any free port")?,
            database_file: DatabaseFile::new(file),
            drain: Duration::from_millis(number("DRAIN_MS", 2000, "of milliseconds")?),
        })
    }
}

/// The number in a variable, if it is set; `which` numbers are expected is for the error.
fn number<N: FromStr>(variable: &str, default: N, which: &str) -> Result<N, String> {
    let Some(value) = env::var_os(variable) else {
        return Ok(default);
    };
    let number = value.to_str().and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("{variable} is {value:?}, but must be a number {which}"))
}
