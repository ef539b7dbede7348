//! Many who probe at once, and what they meet.

mod client;
pub(crate) mod dependency;
mod get;
pub(crate) mod limit;
mod orders;
mod process;
mod socket;
mod tally;

pub(crate) use self::client::Client;
pub(crate) use self::get::get;
pub(crate) use self::orders::{Crowd, Pace, Run};
pub(crate) use self::process::{Storm, obey};
pub(crate) use self::tally::Tally;
