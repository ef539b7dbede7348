#[cfg(feature = "database")]
/// The database answers.
#[allow(dead_code)]
#[cfg(not(test))]
fn r#type() -> bool {
    true
}
#[cfg(feature = "database")]
#[cfg(not(test))]
const _: () = {
    fn __health_check_bind(
        __binder: &mut ::health_core::__private0::Binder<'_>,
    ) -> ::core::option::Option<::health_core::__private0::Work> {
        ::core::option::Option::Some(
            ::health_core::__private0::Work::blocking(move || r#type()),
        )
    }
    ::health_core::__private0::inventory::submit! {
        ::health_core::__private0::Descriptor { name : "type", function : "type", module
        : ::core::module_path!(), file : ::core::file!(), line : ::core::line!(), probes
        : ::health_core::__private0::ProbeSet::new()
        .with(::health_core::__private0::Probe::Startup), timeout_ms : 800u64, cache_ms :
        ::core::option::Option::None, critical : true, tags : & [], description :
        "The database answers.", bind : __health_check_bind, }
    }
};
