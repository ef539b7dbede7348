//! What the attribute expands to, and that it always expands to something.

use std::path::Path;
use std::{env, fs};

use proc_macro2::{TokenStream, TokenTree};
use proptest::prelude::*;
use quote::quote;

use crate::expand::expand;

/// Compares with `tests/expansions/<name>.rs`, which `BLESS=1` rewrites.
#[track_caller]
fn assert_expansion(name: &str, args: TokenStream, item: TokenStream) {
    let expansion = expand(args, item, "health_core");
    let file = syn::parse2(expansion).expect("an expansion is a file's content");
    let actual = prettyplease::unparse(&file);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root
        .join("tests/expansions")
        .join(name)
        .with_extension("rs");
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &actual).expect("the expansion can be written");
    }
    let expected = fs::read_to_string(&path)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    assert_eq!(
        actual,
        expected,
        "not the expansion of {}; rewrite it with BLESS=1",
        path.display()
    );
}

#[test]
fn the_least() {
    assert_expansion(
        "minimal",
        quote!(kind = "readiness"),
        quote! {
            async fn database() {}
        },
    );
}

#[test]
fn every_argument() {
    assert_expansion(
        "all_arguments",
        quote! {
            kind = ["liveness", "readiness", "startup"], name = "database.primary",
            timeout_ms = 2_000, cache_ms = 500, critical = false, tags = ["db", "primary"],
            crate = crate::facade::health
        },
        quote! {
            /// The pool gives
            /// a connection.
            pub(crate) fn database(pool: State<PgPool>) -> Result<(), sqlx::Error> {
                pool.ping()
            }
        },
    );
}

#[test]
fn several_arguments_of_the_function() {
    assert_expansion(
        "arguments",
        quote!(kind = "readiness"),
        quote! {
            async fn database(
                mut pool: State<PgPool>,
                config: web::Data<Mutex<Vec<Config>>>,
                _: Alias,
            ) -> Outcome {
                Outcome::healthy()
            }
        },
    );
}

#[test]
fn other_attributes() {
    assert_expansion(
        "attributes",
        quote!(kind = ["startup"]),
        quote! {
            #[cfg(feature = "database")]
            #[doc = " The database answers."]
            #[allow(dead_code)]
            #[cfg(not(test))]
            fn r#type() -> bool {
                true
            }
        },
    );
}

#[test]
fn mistakes_leave_the_function() {
    assert_expansion(
        "mistakes",
        quote!(kind = "rediness", timeout = 5),
        quote! {
            /// Is there all the same.
            const fn database<T>(pool: &T) {}
        },
    );
}

#[test]
fn a_crate_that_is_given_is_the_only_one() {
    let item = quote! {
        /// Documented.
        #[cfg(all())]
        async fn database(pool: State<PgPool>) -> Outcome {
            Outcome::healthy()
        }
    };
    for default in ["health_core", "health_actix"] {
        let by_default = expand(quote!(kind = "readiness"), item.clone(), default);
        assert!(mentions(by_default, default));
        let expansion = expand(quote!(kind = "readiness", crate = x), item.clone(), default);
        assert!(mentions(expansion.clone(), "x"));
        for name in ["health_core", "health_actix", "health_macros"] {
            assert!(!mentions(expansion.clone(), name), "{name} in {expansion}");
        }
    }
}

/// Whether an identifier occurs, at any depth.
fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Text that is always well-formed Rust tokens, from an alphabet that makes what is nearly
/// right likely.
fn tokens(alphabet: &'static [&'static str]) -> impl Strategy<Value = String> {
    let token = prop::sample::select(alphabet).prop_map(str::to_owned);
    token.prop_recursive(3, 40, 8, |inner| {
        let brackets = prop::sample::select(&[("(", ")"), ("[", "]"), ("{", "}")][..]);
        (brackets, prop::collection::vec(inner, 0..8))
            .prop_map(|((open, close), inner)| format!("{open} {} {close}", inner.join(" ")))
    })
}

fn stream(alphabet: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(tokens(alphabet), 0..16).prop_map(|tokens| tokens.join(" "))
}

const IN_ARGUMENTS: &[&str] = &[
    // Whole arguments, and pieces of them.
    "kind = \"readiness\"",
    "kind = [\"liveness\", \"startup\"]",
    "name = \"a\"",
    "timeout_ms = 5",
    "tags = [\"a\", \"b\"]",
    "crate = ::x::y",
    "critical = true",
    "kind",
    "name",
    "timeout_ms",
    "cache_ms",
    "critical",
    "tags",
    "crate",
    "r#kind",
    "=",
    "=",
    ",",
    ",",
    ",",
    // Values, good and bad.
    "\"readiness\"",
    "\"\"",
    "\"a b\"",
    "\"ü\"",
    "\"x\"suffix",
    "r#\"raw\"#",
    "b\"bytes\"",
    "c\"c\"",
    "'c'",
    "b'b'",
    "0",
    "-1",
    "0x10",
    "0b1",
    "1_000u64",
    "1e3",
    "99999999999999999999999999999999999999999999",
    "1.5f32",
    "true",
    "false",
    "self",
    "$",
    "<u8 as X>::Y",
    "||",
    "!",
    "..",
    "::",
    "'a",
    "#",
    "_",
    "match",
    "async",
    "fn",
];

const IN_ITEMS: &[&str] = &[
    // Whole pieces of functions.
    "fn f() {}",
    "async fn f(a: State<T>) -> Outcome { }",
    "fn r#fn(_: &'a str, b: impl T, self, ...)",
    "fn f",
    "(x: State<u8>)",
    "-> Result<(), E>",
    "<T: 'a, const N: usize>",
    "where T: X",
    "#[cfg(any())]",
    "#[cfg]",
    "#[doc = \" Text.\"]",
    "#[doc = 5]",
    "#[doc(hidden)]",
    "/** Block. */",
    "#![inner]",
    "pub(in a::b)",
    // Words.
    "pub",
    "crate",
    "async",
    "const",
    "unsafe",
    "safe",
    "extern",
    "\"C\"",
    "fn",
    "f",
    "r#type",
    "ü",
    "self",
    "Self",
    "mut",
    "impl",
    "dyn",
    "for",
    "struct",
    "static",
    "trait",
    "macro_rules",
    "union",
    "gen",
    "_",
    // Punctuation.
    "&",
    "&&",
    "'a",
    "*",
    "<",
    ">",
    ">>",
    "->",
    "=>",
    ":",
    "::",
    ",",
    ";",
    "=",
    "!",
    "?",
    "#",
    "@",
    "...",
    "..=",
    "|",
    "$",
    "5",
    "1.0",
    "\"text\"",
    "'c'",
];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_input_makes_it_panic(
        args in prop_oneof![
            stream(IN_ARGUMENTS),
            Just("kind = \"readiness\"".to_owned()),
        ],
        item in prop_oneof![
            stream(IN_ITEMS),
            stream(IN_ITEMS).prop_map(|rest| format!("fn f {rest}")),
            stream(IN_ITEMS).prop_map(|arguments| format!("async fn f ( {arguments} ) {{ }}")),
            Just("async fn f() {}".to_owned()),
        ],
    ) {
        let parse = |text: &str| text.parse::<TokenStream>();
        let item_tokens = parse(&item).expect("the item is well-formed");
        let args_tokens = parse(&args).expect("the arguments are well-formed");
        let expansion = expand(args_tokens, item_tokens.clone(), "health_core").to_string();
        prop_assert!(parse(&expansion).is_ok(), "not well-formed: {}", expansion);
        // Whatever is said of it, the item is there as it was.
        prop_assert!(expansion.contains(&item_tokens.to_string()), "not kept: {}", expansion);
    }
}
