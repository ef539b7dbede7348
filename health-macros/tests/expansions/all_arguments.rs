#[allow(clippy::needless_pass_by_value)]
/// The pool gives
/// a connection.
pub(crate) fn database(pool: State<PgPool>) -> Result<(), sqlx::Error> {
    pool.ping()
}
const _: () = {
    fn __health_check_bind(
        __binder: &mut crate::facade::health::__private0::Binder<'_>,
    ) -> ::core::option::Option<crate::facade::health::__private0::Work> {
        let __argument0 = __binder.argument::<State<PgPool>, _>("PgPool");
        let __argument0 = __argument0?;
        ::core::option::Option::Some(
            crate::facade::health::__private0::Work::blocking(move || database(
                __argument0,
            )),
        )
    }
    crate::facade::health::__private0::inventory::submit! {
        crate ::facade::health::__private0::Descriptor { name : "database.primary",
        function : "database", module : ::core::module_path!(), file : ::core::file!(),
        line : ::core::line!(), probes : crate
        ::facade::health::__private0::ProbeSet::new().with(crate
        ::facade::health::__private0::Probe::Liveness).with(crate
        ::facade::health::__private0::Probe::Readiness).with(crate
        ::facade::health::__private0::Probe::Startup), timeout_ms : 2000u64, cache_ms :
        ::core::option::Option::Some(500u64), critical : false, tags : & ["db",
        "primary"], description : "The pool gives\na connection.", bind :
        __health_check_bind, }
    }
};
