//! The modules of health-macros, whose root can only be built as a procedural macro.

#![allow(dead_code, reason = "of some modules only their tests use everything")]

#[path = "../../../../health-macros/src/args.rs"]
mod args;
#[path = "../../../../health-macros/src/argument.rs"]
mod argument;
#[path = "../../../../health-macros/src/arguments.rs"]
mod arguments;
#[path = "../../../../health-macros/src/description.rs"]
mod description;
#[path = "../../../../health-macros/src/expand.rs"]
mod expand;
#[path = "../../../../health-macros/src/external.rs"]
mod external;
#[path = "../../../../health-macros/src/foreign.rs"]
mod foreign;
#[path = "../../../../health-macros/src/kind.rs"]
mod kind;
#[path = "../../../../health-macros/src/meant.rs"]
mod meant;
#[path = "../../../../health-macros/src/milliseconds.rs"]
mod milliseconds;
#[path = "../../../../health-macros/src/nearest.rs"]
mod nearest;
#[path = "../../../../health-macros/src/numbers.rs"]
mod numbers;
#[path = "../../../../health-macros/src/relations.rs"]
mod relations;
#[path = "../../../../health-macros/src/said.rs"]
mod said;
#[path = "../../../../health-macros/src/signature.rs"]
mod signature;
#[path = "../../../../health-macros/src/spell.rs"]
mod spell;
#[path = "../../../../health-macros/src/texts.rs"]
mod texts;
#[path = "../../../../health-macros/src/types.rs"]
mod types;
#[path = "../../../../health-macros/src/unknown.rs"]
mod unknown;
#[path = "../../../../health-macros/src/validate.rs"]
mod validate;
#[path = "../../../../health-macros/src/values.rs"]
mod values;
#[path = "../../../../health-macros/src/visibility.rs"]
mod visibility;

pub use proc_macro2;
pub use syn;

use proc_macro2::TokenStream;

/// What the attribute makes of a function, for crates that depend on health-core.
pub fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args, item, "health_core")
}
