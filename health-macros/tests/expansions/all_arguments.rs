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
        .cache_ms(500u64).critical(false).tags(& ["db", "primary"])
    }
};
