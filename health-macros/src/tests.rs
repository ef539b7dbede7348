//! What the attribute expands to, and that it always expands to something.

mod answers;
mod diagnostics;
mod random;

use std::path::Path;
use std::{env, fs};

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::args::{Args, Own};
use crate::arguments::Arguments;
use crate::expand::expand;

/// Compares with `tests/expansions/<name>.rs`.
#[track_caller]
fn assert_expansion(name: &str, args: TokenStream, item: TokenStream) {
    let expansion = expand(args, item, "health_core");
    let file = syn::parse2(expansion).expect("an expansion is a file's content");
    let path = format!("tests/expansions/{name}.rs");
    assert_committed(&path, &prettyplease::unparse(&file));
}

/// Compares with a file of this crate, which `BLESS=1` rewrites.
#[track_caller]
fn assert_committed(path: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, actual).expect("it can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == expected.replace("\r\n", "\n"),
        "not what is in {}; rewrite it with BLESS=1:\n{actual}",
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
            timeout_ms = 2_000, cancel_after_ms = 9_000, degraded_after_ms = 1_000,
            cache_ms = 500, cache_failure_ms = 0, interval_ms = 10_000, down_interval_ms = 5_000,
            initial_delay_ms = 0, jitter = false, stale_after_ms = 60_000, failure_threshold = 3,
            success_threshold = 2, critical = false, shared = true,
            fail_closed_after_ms = 90_000, visibility = "full", liveness(timeout_ms = 300), readiness(critical = true),
            startup(critical = true, timeout_ms = 4_000),
            liveness_reason = "the pool mends itself only when the process starts",
            depends_on = ["network", "my_crate::checks::dns"], tags = ["db", "primary"],
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

#[test]
fn every_argument_is_documented() {
    for place in ["README.md", "health-actix/src/docs/health_check.md"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(root.join("..").join(place)).expect("it is there");
        let table = text.split_once("| argument |").expect("it has a table").1;
        let rows = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let name = |row: &str| {
            let quoted = row.split('`').nth(1)?;
            Some(quoted.trim_end_matches("(...)").to_owned())
        };
        let mut documented: Vec<_> = rows.filter_map(name).collect();
        let mut names = Args::NAMES.to_vec();
        documented.sort_unstable();
        names.sort_unstable();
        assert_eq!(documented, names, "in {place}");
    }
}

/// Whoever uses the attribute compiles them.
#[test]
fn attributes_of_others_may_be_called_as_they_like() {
    for (attribute, is_refused) in [
        (quote!(#[mine::route("/")]), false),
        (quote!(#[actix_web::get("/")]), true),
        (quote!(#[::tokio::main]), true),
        (quote!(#[test]), true),
    ] {
        let item = quote!(#attribute async fn f() {});
        let expansion = expand(quote!(kind = "readiness"), item, "health_core");
        let refused = mentions(expansion, "compile_error");
        assert_eq!(refused, is_refused, "{attribute}");
    }
}

#[test]
fn all_that_is_known_to_be_outside_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("../health-actix/src/docs/health_check.md"));
    let text = text.expect("it is there");
    let (_, list) = text.split_once("which is embedded:").expect("the list");
    let (list, _) = list.split_once(".\n").expect("its end");
    let listed: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    assert_eq!(listed, crate::external::EXTERNAL);
}

#[test]
fn nothing_but_three_crates_is_needed() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("it is there");
    let (_, section) = manifest
        .split_once("[dependencies]\n")
        .expect("there are some");
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    let mut names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    assert_eq!(names, ["proc-macro2", "quote", "syn"]);
    assert!(!manifest.contains("[target."), "{manifest}");
}

/// The tests of health-core compare the same text with what a configuration can say.
#[test]
fn a_configuration_can_say_every_argument_but_those_of_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("../health-core/src/docs/config.md"));
    let text = text.expect("it is there");
    let (_, table) = text.split_once("| setting |").expect("it has a table");
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    let quoted = |text: &'_ str| -> Vec<String> {
        text.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let rows: Vec<_> = rows.map(quoted).collect();
    let (_, in_code) = text.split_once("cannot be said here:").expect("it says so");
    let in_code = quoted(in_code.split("\n\n").next().expect("a paragraph"));

    let settings = rows.iter().map(|row| row[0].clone());
    let settings = settings.filter(|name| name != "enabled");
    let mut names: Vec<_> = settings.chain(in_code).collect();
    let mut arguments = Args::NAMES.to_vec();
    names.sort_unstable();
    arguments.sort_unstable();
    assert_eq!(names, arguments);
    let liveness = rows.iter().find(|row| row[0] == "liveness");
    assert_eq!(liveness.expect("it is in the table")[1..], *Own::NAMES);
}
