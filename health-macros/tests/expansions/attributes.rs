#[cfg(feature = "database")]
/// The database answers.
#[allow(dead_code)]
#[cfg(not(test))]
fn r#type() -> bool {
    true
}
#[cfg(feature = "database")]
#[cfg(not(test))]
#[allow(dead_code)]
const _: () = {
    use ::health_core::__private0 as __health;
    fn __health_check_bind(
        __binder: &mut __health::Binder<'_>,
    ) -> ::core::option::Option<__health::Work> {
        ::core::option::Option::Some(
            __health::Work::blocking::<_, bool>(move || r#type()),
        )
    }
    __health::inventory::submit! {
        __health::Descriptor::new(__health::Source { function : "type", module :
        ::core::module_path!(), file : ::core::file!(), line : ::core::line!(),
        description : "The database answers.", }, __health_check_bind,)
        .kind(__health::Probe::Startup)
    }
};
