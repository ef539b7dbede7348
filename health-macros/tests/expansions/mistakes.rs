/// Is there all the same.
const fn database<T>(pool: &T) {}
::core::compile_error! {
    "unknown kind `rediness`; allowed are `\"liveness\"`, `\"readiness\"` and `\"startup\"`"
}
::core::compile_error! {
    "unknown argument `timeout`; there are `kind`, `name`, `timeout_ms`, `cancel_after_ms`, `degraded_after_ms`, `cache_ms`, `cache_failure_ms`, `interval_ms`, `down_interval_ms`, `initial_delay_ms`, `jitter`, `stale_after_ms`, `failure_threshold`, `success_threshold`, `critical`, `shared`, `fail_closed_after_ms`, `liveness`, `readiness`, `startup`, `depends_on`, `tags` and `crate`"
}
::core::compile_error! {
    "the health check `database` cannot be const"
}
::core::compile_error! {
    "the health check `database` cannot be generic: it is registered once, so its types must be known"
}
::core::compile_error! {
    "the health check `database` cannot take a reference, for nobody could keep what it refers to; take `State<T>` or `web::Data<T>`, which are references that are counted"
}
