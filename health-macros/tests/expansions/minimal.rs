async fn database() {}
const _: () = {
    use ::health_core::__private0 as __health;
    fn __health_check_bind(
        __binder: &mut __health::Binder<'_>,
    ) -> ::core::option::Option<__health::Work> {
        ::core::option::Option::Some(__health::Work::future::<_, ()>(database()))
    }
    __health::inventory::submit! {
        __health::Descriptor { name : "database", function : "database", module :
        ::core::module_path!(), file : ::core::file!(), line : ::core::line!(), probes :
        __health::ProbeSet::new().with(__health::Probe::Readiness), timeout_ms : 800u64,
        cache_ms : ::core::option::Option::None, critical : true, tags : & [],
        description : "", bind : __health_check_bind, }
    }
};
