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
        __health::Descriptor { name : "database.primary", function : "database", module :
        ::core::module_path!(), file : ::core::file!(), line : ::core::line!(), probes :
        __health::ProbeSet::new().with(__health::Probe::Liveness)
        .with(__health::Probe::Readiness).with(__health::Probe::Startup), timeout_ms :
        2000u64, cache_ms : ::core::option::Option::Some(500u64), critical : false, tags
        : & ["db", "primary"], description : "The pool gives\na connection.", bind :
        __health_check_bind, }
    }
};
