use super::*;

fn with(variables: &[(&str, &str)]) -> HealthConfig {
    HealthConfig::default().with_variables("HEALTH", variables.iter().copied())
}

fn path(path: &'static str, name: &'static str) -> Arc<Check> {
    let mut check = Check::new(path, async || ()).readiness();
    check.name = name.into();
    Arc::new(check)
}

#[test]
fn names_are_matched_whatever_a_shell_makes_of_them() {
    let checks = [
        path("app::checks::database", "db.Primary-1"),
        path("readiness", "readiness"),
        path("_x_", "_x_"),
        path("a__b", "a__b"),
    ];
    let config = with(&[
        ("HEALTH__CHECKS__DB_PRIMARY_1__TIMEOUT_MS", "500"),
        ("HEALTH__CHECKS__APP__CHECKS__DATABASE__CRITICAL", "False"),
        (
            "HEALTH__CHECKS__DB_PRIMARY_1__READINESS__TIMEOUT_MS",
            " 300 ",
        ),
        ("health__checks__readiness__timeout_ms", "200"),
        ("HEALTH__CHECKS___X___NAME", "x"),
        ("HEALTH__CHECKS__A__B__ENABLED", "false"),
        ("HEALTH_CONFIG", "health.toml"),
        ("HEALTHY__CHECKS", "1"),
        ("ÄÖÜ", "1"),
        ("PATH", "/bin"),
    ]);
    let done = applied(&config, &checks);
    let database = &done[0].check;
    assert_eq!(database.timeout().as_millis(), 500);
    assert_eq!(database.timeout_for(Probe::Readiness).as_millis(), 300);
    assert!(!database.is_critical());
    assert_eq!(done[1].check.timeout().as_millis(), 200);
    assert_eq!(done[2].check.name(), "x");
    assert!(done[3].disabled);
}

#[test]
fn variables_outrank_the_file_setting_by_setting() {
    let file = json!({ "checks": { "a": { "enabled": false, "timeout_ms": 1, "cache_ms": 2 } } });
    let variables = [
        ("APP__CHECKS__A__ENABLED", "true"),
        ("APP__CHECKS__A__TIMEOUT_MS", "3"),
    ];
    let config = config(file).with_variables("APP", variables);
    let done = applied(&config, &checks(&["a"]));
    assert!(!done[0].disabled);
    assert_eq!(done[0].check.timeout().as_millis(), 3);
    assert_eq!(done[0].check.cache(Probe::Readiness).as_millis(), 2);
}

#[test]
fn mistakes_name_the_variable() {
    let checks = [
        path("a::database", "database"),
        path("b.queue", "b.queue"),
        path("b-queue", "b-queue"),
        path("c::readiness", "c"),
    ];
    let config = with(&[
        ("HEALTH__CHECKS__DATABSE__TIMEOUT_MS", "5"),
        ("HEALTH__CHECKS__DATABSE__READINESS__TIMEOUT_MS", "5"),
        ("HEALTH__CHECKS__NOWHERE__TIMEOUT_MS", "5"),
        ("HEALTH__CHECKS__DATABASE__REDINESS__TIMEOUT_MS", "5"),
        ("HEALTH__CHECKS__DATABASE__READINESS", "5"),
        ("HEALTH__CHECKS__DATABASE__READINESS__NAME", "5"),
        ("HEALTH__CHECKS__DATABASE__TIMEOUT", "5"),
        ("HEALTH__CHECKS__DATABASE__TIMEOUT_MS", "5s"),
        ("HEALTH__CHECKS__DATABASE__NAME", ""),
        ("HEALTH__CHECKS__DATABASE__CACHE_MS", "1"),
        ("HEALTH__CHECKS__A__DATABASE__CACHE_MS", "1"),
        ("HEALTH__CHECKS__B_QUEUE__ENABLED", "false"),
        ("HEALTH__CHECKS__C__READINESS__CRITICAL", "true"),
        ("HEALTH__CHECKS__TIMEOUT_MS", "5"),
        ("HEALTH__TIMEOUT_MS", "5"),
    ]);
    let at = |name: &str, text: &str| format!("the environment variable `HEALTH__{name}`: {text}");
    let none = "it names no setting of a check; write it as in \
                `HEALTH__CHECKS__DATABASE__TIMEOUT_MS=2000`";
    let unknown = "there is no check `databse`; did you mean `database`?";
    let ms = "found the text `5s`; expected a number of milliseconds from 1 to 86400000 (a day), \
              as in `HEALTH__CHECKS__DATABASE__TIMEOUT_MS=2000`";
    let section = "found the text `5`; expected what differs for this probe, `timeout_ms`, \
                   `critical` or both, as in `HEALTH__CHECKS__DATABASE__READINESS__TIMEOUT_MS=300`";
    let name = "found the text ``; expected a name of up to 100 letters, digits, `_`, `-` and \
                `.`, not of dots alone, as in `HEALTH__CHECKS__DATABASE__NAME=orders_db`";
    let several = "say which with the path of its function, or in a file";
    let expected = [
        at(
            "CHECKS__B_QUEUE__ENABLED",
            &format!("it can mean any of `b.queue`, `b-queue`; {several}"),
        ),
        at(
            "CHECKS__C__READINESS__CRITICAL",
            &format!("it can mean any of `c::readiness`, `c::readiness for readiness`; {several}"),
        ),
        at(
            "CHECKS__DATABASE__CACHE_MS",
            "`HEALTH__CHECKS__A__DATABASE__CACHE_MS` says the same thing; keep one",
        ),
        at("CHECKS__DATABASE__NAME", name),
        at("CHECKS__DATABASE__READINESS", section),
        at(
            "CHECKS__DATABASE__READINESS__NAME",
            "there is no setting `name`; there are: `timeout_ms`, `critical`",
        ),
        at(
            "CHECKS__DATABASE__REDINESS__TIMEOUT_MS",
            "there is no probe `rediness`; did you mean `readiness`?",
        ),
        at(
            "CHECKS__DATABASE__TIMEOUT",
            "there is no setting `timeout`; did you mean `timeout_ms`?",
        ),
        at("CHECKS__DATABASE__TIMEOUT_MS", ms),
        at("CHECKS__DATABSE__READINESS__TIMEOUT_MS", unknown),
        at("CHECKS__DATABSE__TIMEOUT_MS", unknown),
        at(
            "CHECKS__NOWHERE__TIMEOUT_MS",
            "there is no check `nowhere`; there are: `database`, `b.queue`, `b-queue`, `c`",
        ),
        at("CHECKS__TIMEOUT_MS", none),
        at("TIMEOUT_MS", none),
    ];
    assert_eq!(mistakes(&config, &checks), expected);
}
