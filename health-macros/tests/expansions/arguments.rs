async fn database(
    mut pool: State<PgPool>,
    config: web::Data<Mutex<Vec<Config>>>,
    _: Alias,
) -> Outcome {
    Outcome::healthy()
}
const _: () = {
    use ::health_core::__private0 as __health;
    fn __health_check_bind(
        __binder: &mut __health::Binder<'_>,
    ) -> ::core::option::Option<__health::Work> {
        let __argument0 = __binder.argument::<State<PgPool>, _>("PgPool");
        let __argument1 = __binder
            .argument::<web::Data<Mutex<Vec<Config>>>, _>("Mutex<Vec<Config>>");
        let __argument2 = __binder.argument::<Alias, _>("Alias");
        let __argument0 = __argument0?;
        let __argument1 = __argument1?;
        let __argument2 = __argument2?;
        ::core::option::Option::Some(
            __health::Work::future::<
                _,
                Outcome,
            >(database(__argument0, __argument1, __argument2)),
        )
    }
    __health::inventory::submit! {
        __health::Descriptor::new(__health::Source { function : "database", module :
        ::core::module_path!(), file : ::core::file!(), line : ::core::line!(),
        description : "", }, __health_check_bind,).kind(__health::Probe::Readiness)
    }
};
