async fn database() {}
const _: () = {
    fn __health_check_bind(
        __binder: &mut ::health_core::__private0::Binder<'_>,
    ) -> ::core::option::Option<::health_core::__private0::Work> {
        ::core::option::Option::Some(
            ::health_core::__private0::Work::future(
                ::health_core::__private0::outcome(database()),
            ),
        )
    }
    ::health_core::__private0::inventory::submit! {
        ::health_core::__private0::Descriptor { name : "database", function : "database",
        module : ::core::module_path!(), file : ::core::file!(), line : ::core::line!(),
        probes : ::health_core::__private0::ProbeSet::new()
        .with(::health_core::__private0::Probe::Readiness), timeout_ms : 800u64, cache_ms
        : ::core::option::Option::None, critical : true, tags : & [], description : "",
        bind : __health_check_bind, }
    }
};
