use std::sync::mpsc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use clap::Parser;
use health_core::{Check, HealthBuilder, Outcome};

use super::*;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    run: Run,
}

/// What is printed, and the exit code.
async fn run(health: &Health, arguments: &[&str]) -> Result<(String, u8), String> {
    let arguments = ["run"].iter().chain(arguments);
    let run = Cli::try_parse_from(arguments)
        .map_err(|e| e.to_string())?
        .run;
    let entries = run.ask(health).await?;
    let ran = Ran::new(&entries, !run.names.is_empty());
    let text = if run.json {
        json(&ran)
    } else {
        text::text(&ran)
    };
    let text = anstream::adapter::strip_str(&text).to_string();
    let latency = regex_lite::Regex::new(r"[ \d.]{8} ms|(latency_ms.:)[\d.]+").unwrap();
    Ok((latency.replace_all(&text, "${1}L").into_owned(), ran.code()))
}

fn build(checks: impl IntoIterator<Item = Check>) -> Health {
    let builder = checks
        .into_iter()
        .fold(HealthBuilder::empty(), HealthBuilder::check);
    builder.build().unwrap()
}

fn mixed() -> Health {
    let cache = Check::new("cache", async || {
        Err::<(), _>("redis://app:s3cret@cache: refused\x1b[2J")
    });
    let shards = Check::new("shards", async || {
        Outcome::degraded("1 of 2 is slow")
            .with_data("free", 7)
            .with_child("a", Outcome::healthy())
            .with_child("b\u{9b}", Outcome::degraded("slow").with_error("by 3 s"))
    });
    build([
        Check::new("database", async || true)
            .readiness()
            .with_tag("db"),
        cache.readiness().with_critical(false).with_tag("ram"),
        shards.liveness().with_tag("db"),
    ])
}

#[tokio::test]
async fn what_was_found_is_told_line_by_line() {
    let expected = "\
unhealthy  cache     L  (not critical)
           error: redis://app:***@cache: refused\\u{1b}[2J
healthy    database  L
degraded   shards    L  1 of 2 is slow
  healthy    a
  degraded   b\\u{9b}  slow
             error: by 3 s
3 checks: 1 healthy, 1 degraded, 1 unhealthy
";
    let ran = run(&mixed(), &[]).await;
    assert_eq!(ran, Ok((expected.to_owned(), 0)));
}

#[tokio::test]
async fn json_has_members_to_rely_on() {
    let expected = concat!(
        r#"{"status":"degraded","checks":[{"name":"shards","status":"degraded","critical":true,"#,
        r#""reason":null,"latency_ms":L,"message":"1 of 2 is slow","error":null,"#,
        r#""caused_by":null,"data":{"free":7},"children":["#,
        r#"{"name":"a","status":"healthy","message":null,"error":null,"data":{}},"#,
        r#"{"name":"b\u009b","status":"degraded","message":"slow","error":"by 3 s","data":{}}]}]}"#,
        "\n"
    );
    let ran = run(&mixed(), &["--json", "shards"]).await;
    assert_eq!(ran, Ok((expected.to_owned(), 0)));
}

#[tokio::test]
async fn a_critical_one_fails_and_so_does_one_that_is_named() {
    let health = mixed();
    for (arguments, checks, code) in [
        (&["cache"][..], 1, 1),
        (&["database"], 1, 0),
        (&["database", "cache"], 2, 1),
        (&["--tag", "db"], 2, 0),
        (&["--tag", "ram"], 1, 0),
        (&["--probe", "liveness"], 1, 0),
        (&["--probe", "readiness"], 2, 0),
        (&["--probe", "startup"], 0, 0),
    ] {
        let (text, was) = run(&health, arguments).await.unwrap();
        let counted = text.lines().filter(|line| line.contains("  L")).count();
        assert_eq!((counted, was), (checks, code), "{arguments:?}: {text}");
    }
    let (named, _) = run(&health, &["--json", "cache"]).await.unwrap();
    assert!(named.starts_with(r#"{"status":"unhealthy","#), "{named}");
    let down = build([Check::new("x", async || false)
        .liveness()
        .with_failure_threshold(5)]);
    assert_eq!(run(&down, &[]).await.unwrap().1, 1, "one run has to do");
    let twice = run(&health, &["database", "database"]).await.unwrap().0;
    assert_eq!(twice.lines().count(), 2, "{twice}");
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is() {
    let health = mixed();
    let error = run(&health, &["databse"]).await.unwrap_err();
    assert_eq!(
        error,
        "there is no check `databse`; there are: `database`, `cache`, `shards`"
    );
    let error = run(&health, &["--tag", "rm"]).await.unwrap_err();
    assert_eq!(error, "no check has the tag `rm`; there are: `ram`, `db`");
    assert!(run(&health, &["cache", "--tag", "db"]).await.is_err());
    assert!(run(&health, &["--probe", "alive"]).await.is_err());
}

#[tokio::test]
async fn a_check_that_blocks_is_waited_for_no_longer_than_its_timeout() {
    let (release, held) = mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let check = Check::blocking("stuck", move || {
        let _ = held.lock().unwrap().recv();
    });
    let health = build([check.readiness().with_timeout(Duration::from_millis(50))]);
    let start = Instant::now();
    let (text, code) = run(&health, &[]).await.unwrap();
    assert!(text.contains("Timeout after 50ms"), "{text}");
    assert_eq!(code, 1);
    assert!(start.elapsed() < Duration::from_secs(10));
    drop(release);
}

/// Taken from the application, which a command line has not.
#[crate::health_check(kind = "readiness", crate = crate)]
async fn takes_data_of_the_application(_data: Data<String>) {}

#[tokio::test]
async fn what_only_requests_bring_is_told_with_what_there_is_to_do() {
    let linked = || Health::builder().require(["takes_data_of_the_application"]);
    let health = linked().build().unwrap();
    let ask = Cli::try_parse_from(["run", "takes_data_of_the_application"]).unwrap();
    let entries = ask.run.ask(&health).await.unwrap();
    let ran = Ran::new(&entries, true);
    assert_eq!(ran.code(), UNKNOWN);
    let [advice] = &ran.unbound(&health)[..] else {
        panic!("{:?}", ran.unbound(&health));
    };
    assert!(
        advice.contains("give the builder one with `.data(value)`"),
        "{advice}"
    );
    assert!(advice.contains("takes `String`"), "{advice}");

    let health = linked().data(Data::new("here".to_owned())).build().unwrap();
    let ran = run(&health, &["takes_data_of_the_application"])
        .await
        .unwrap();
    assert_eq!(ran.1, 0);
}
