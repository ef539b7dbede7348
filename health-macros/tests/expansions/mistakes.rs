/// Is there all the same.
const fn database<T>(pool: &T) {}
::core::compile_error! {
    "unknown kind `rediness`; did you mean `\"readiness\"`?"
}
::core::compile_error! {
    "unknown argument `timeout`; it is `timeout_ms` here, a number of milliseconds, as in `timeout_ms = 2000`"
}
::core::compile_error! {
    "the health check `database` cannot be const"
}
::core::compile_error! {
    "the health check `database` cannot be generic: it is registered once, so its types must be known"
}
::core::compile_error! {
    "the health check `database` cannot take a reference, for nobody could keep what it refers to; take `State<T>` or `web::Data<T>`, which are references that are counted"
}
