//! What systemd is told is observed in unit tests, and of a process that has its environment in
//! `tests/clients`.

use health_actix::{Health, SystemdExt};

use crate::support::{fine, health};

#[test]
fn where_there_is_no_systemd_nothing_happens() {
    health([fine("database")]).notify_systemd().unwrap();
}

#[test]
fn data_that_only_requests_bring_is_an_error_at_start() {
    let health = Health::builder().build().unwrap();
    let text = health.notify_systemd().unwrap_err().to_string();
    assert!(
        text.contains("it takes `Pool` from the data of the requesting application"),
        "{text}"
    );
}
