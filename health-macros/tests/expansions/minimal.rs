async fn database() {}
const _: () = {
    use ::health_core::__private0 as __health;
    fn __health_check_bind(
        __binder: &mut __health::Binder<'_>,
    ) -> ::core::option::Option<__health::Work> {
        ::core::option::Option::Some(__health::Work::future::<_, ()>(database()))
    }
    __health::inventory::submit! {
        __health::Descriptor::new(__health::Source { function : "database", module :
        ::core::module_path!(), file : ::core::file!(), line : ::core::line!(),
        description : "", }, __health_check_bind,).kind(__health::Probe::Readiness)
    }
};
