#[allow(clippy::needless_pass_by_value)]
/// The pool gives
/// a connection.
pub(crate) fn database(pool: State<PgPool>) -> Result<(), sqlx::Error> {
    pool.ping()
}
const _: () = {
    use crate::facade::health::__private0 as __health;
    fn __health_check_bind(
        __binder: &mut __health::Binder<'_>,
    ) -> ::core::option::Option<__health::Work> {
        let __argument0 = __binder.argument::<State<PgPool>, _>("PgPool");
        let __argument0 = __argument0?;
        ::core::option::Option::Some(
            __health::Work::blocking::<
                _,
                Result<(), sqlx::Error>,
            >(move || database(__argument0)),
        )
    }
    __health::inventory::submit! {
        __health::Descriptor::new(__health::Source { function : "database", module :
        ::core::module_path!(), file : ::core::file!(), line : ::core::line!(),
        description : "The pool gives\na connection.", }, __health_check_bind,)
        .kind(__health::Probe::Liveness).kind(__health::Probe::Readiness)
        .kind(__health::Probe::Startup).name("database.primary").timeout_ms(2000u64)
        .cancel_after_ms(9000u64).degraded_after_ms(1000u64).cache_ms(500u64)
        .cache_failure_ms(0u64).interval_ms(10000u64).down_interval_ms(5000u64)
        .initial_delay_ms(0u64).jitter(false).stale_after_ms(60000u64)
        .failure_threshold(3u32).success_threshold(2u32).critical(false).shared(true)
        .fail_closed_after_ms(90000u64).visibility(__health::Visibility::Full)
        .timeout_ms_for(__health::Probe::Liveness, 300u64)
        .critical_for(__health::Probe::Readiness, true)
        .timeout_ms_for(__health::Probe::Startup, 4000u64)
        .critical_for(__health::Probe::Startup, true)
        .liveness_reason("the pool mends itself only when the process starts")
        .depends_on(& ["network", "my_crate::checks::dns"]).tags(& ["db", "primary"])
    }
};
