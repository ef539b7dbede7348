//! The `#[health_check]` attribute of health-core and health-actix; use it through one of them,
//! where it is documented.

mod args;
mod argument;
mod arguments;
mod description;
mod expand;
mod external;
mod foreign;
mod kind;
mod meant;
mod milliseconds;
mod nearest;
mod numbers;
mod relations;
mod said;
mod signature;
mod spell;
#[cfg(test)]
mod tests;
mod texts;
mod types;
mod unknown;
mod validate;
mod values;
mod visibility;

use proc_macro::TokenStream;

/// Registers a function as a health check, for crates that depend on health-core.
#[proc_macro_attribute]
pub fn health_check(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), item.into(), "health_core").into()
}

/// Registers a function as a health check, for crates that depend on health-actix.
#[proc_macro_attribute]
pub fn health_check_actix(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), item.into(), "health_actix").into()
}
