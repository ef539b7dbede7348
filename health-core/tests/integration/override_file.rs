//! What is told of the override file.

use health_core::{Check, HealthBuilder, Runtime};
use tokio::time::sleep;

use crate::log::Log;
use crate::operations::TemporaryFile;
use crate::support::{ms, ready};

#[tokio::test(start_paused = true)]
async fn a_bad_line_of_the_override_file_is_told_once_however_often_checks_change() {
    let log = Log::default();
    let _guard = log.listen();
    let file = TemporaryFile::new("told-once");
    file.write("cache sideways\nlater healthy\n");
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(Check::new("cache", async || ()).readiness())
        .override_file(file.path())
        .build()
        .unwrap();
    let mut told = Vec::new();
    for name in ["a", "later", "b", "c"] {
        sleep(ms(2001)).await;
        let check = Check::new(name, async || ()).readiness();
        health.register(check).unwrap();
        told.extend(log.take());
    }
    health.remove("later").unwrap();
    sleep(ms(2001)).await;
    told.extend(log.take());
    let about = |line: &str| told.iter().filter(|told| told.contains(line)).count();
    assert_eq!(about(":1: `sideways`"), 1, "{told:#?}");
    assert_eq!(
        about(":2: there is no check"),
        2,
        "before and after: {told:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_override_file_that_cannot_be_read_is_told_once_and_changes_nothing() {
    let log = Log::default();
    let _guard = log.listen();
    let file = TemporaryFile::new("unreadable");
    file.write("cache unhealthy\n");
    let health = HealthBuilder::empty()
        .runtime(Runtime::current())
        .check(Check::new("cache", async || ()).readiness())
        .override_file(file.path())
        .build()
        .unwrap();
    let read_often = async || {
        sleep(ms(6001)).await;
        let told = log.take().into_iter();
        told.filter(|told| told.contains("cannot be read")).count()
    };
    assert_eq!(read_often().await, 0);
    for _ in ["broken", "broken again"] {
        file.write(&"#".repeat(65 * 1024));
        assert_eq!(read_often().await, 1);
        assert!(!ready(&health).await.is_passing(), "as it was");
        file.write("cache unhealthy\n");
        assert_eq!(read_often().await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_bad_lines_of_the_override_file_ten_are_told() {
    for (lines, further) in [(10, false), (12, true)] {
        let log = Log::default();
        let _guard = log.listen();
        let file = TemporaryFile::new("many-lines");
        file.write(&"cache sideways\n".repeat(lines));
        let _health = HealthBuilder::empty()
            .runtime(Runtime::current())
            .check(Check::new("cache", async || ()).readiness())
            .override_file(file.path())
            .build()
            .unwrap();
        sleep(ms(4001)).await;
        let told = log.take();
        let about = |text: &str| told.iter().filter(|told| told.contains(text)).count();
        assert_eq!(about("the line has no effect"), 10, "{told:#?}");
        let rest = "ERROR override file: 2 further lines have no effect";
        assert_eq!(told.iter().any(|told| told == rest), further, "{told:#?}");
    }
}
