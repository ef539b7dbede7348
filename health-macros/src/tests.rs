//! What the attribute expands to, and that it always expands to something.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;
use std::{env, fs};

use health_core::{Check, HealthBuilder, Probe};
use proc_macro2::{TokenStream, TokenTree};
use proptest::prelude::*;
use quote::quote;

use crate::args::{Args, Own};
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
            timeout_ms = 2_000, cancel_after_ms = 9_000, degraded_after_ms = 1_000,
            cache_ms = 500, cache_failure_ms = 0, interval_ms = 10_000, down_interval_ms = 5_000,
            initial_delay_ms = 0, jitter = false, stale_after_ms = 60_000, failure_threshold = 3,
            success_threshold = 2, critical = false, shared = true,
            fail_closed_after_ms = 90_000, liveness(timeout_ms = 300), readiness(critical = true),
            startup(critical = true, timeout_ms = 4_000),
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

/// Names, whole arguments, and pieces of them.
static IN_ARGUMENTS: LazyLock<Vec<&str>> =
    LazyLock::new(|| [Args::NAMES, WHOLE_ARGUMENTS, PIECES_OF_ARGUMENTS].concat());

/// Right by themselves; not all of them go together.
const WHOLE_ARGUMENTS: &[&str] = &[
    "kind = \"readiness\"",
    "kind = [\"liveness\", \"startup\"]",
    "name = \"a\"",
    "timeout_ms = 5",
    "cancel_after_ms = 5",
    "degraded_after_ms = 5",
    "cache_ms = 86_400_000",
    "cache_failure_ms = 0",
    "interval_ms = 86_400_000",
    "down_interval_ms = 1",
    "initial_delay_ms = 0",
    "jitter = false",
    "stale_after_ms = 1",
    "failure_threshold = 1000",
    "success_threshold = 1",
    "critical = true",
    "shared = true",
    "shared = false",
    "fail_closed_after_ms = 5",
    "liveness(timeout_ms = 300, critical = false)",
    "readiness(timeout_ms = 86_400_000)",
    "startup(critical = true)",
    "depends_on = [\"a\", \"b::c\"]",
    "tags = [\"a\", \"b\"]",
    "crate = ::x::y",
];

const PIECES_OF_ARGUMENTS: &[&str] = &[
    "r#kind",
    "(timeout_ms = 0, critical)",
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

/// What is said of a check: as the arguments of the attribute, and to the runtime.
type Saying = (&'static str, fn(Check, u64) -> Check);

const SAYINGS: &[Saying] = &[
    ("timeout_ms = {}", |c, n| c.with_timeout(ms(n))),
    ("cancel_after_ms = {}", |c, n| c.with_cancel_after(ms(n))),
    ("degraded_after_ms = {}", |c, n| {
        c.with_degraded_after(ms(n))
    }),
    ("cache_ms = {}", |c, n| c.with_cache(ms(n))),
    ("cache_failure_ms = {}", |c, n| c.with_cache_failure(ms(n))),
    ("interval_ms = {}", |c, n| c.with_interval(ms(n))),
    ("down_interval_ms = {}", |c, n| c.with_down_interval(ms(n))),
    ("initial_delay_ms = {}", |c, n| c.with_initial_delay(ms(n))),
    ("jitter = true", |c, _| c.with_jitter(true)),
    ("stale_after_ms = {}", |c, n| c.with_stale_after(ms(n))),
    ("shared = true", |c, _| c.with_shared(true)),
    ("fail_closed_after_ms = {}", |c, n| {
        c.with_fail_closed_after(ms(n))
    }),
    ("liveness(timeout_ms = {})", |c, n| {
        c.with_timeout_for(Probe::Liveness, ms(n))
    }),
    ("readiness(timeout_ms = {})", |c, n| {
        c.with_timeout_for(Probe::Readiness, ms(n))
    }),
    ("startup(critical = true)", |c, _| {
        c.with_critical_for(Probe::Startup, true)
    }),
];

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_input_makes_it_panic(
        args in prop_oneof![
            stream(&IN_ARGUMENTS),
            prop::sample::subsequence(WHOLE_ARGUMENTS, 0..12)
                .prop_shuffle()
                .prop_map(|arguments| arguments.join(", ")),
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

    #[test]
    fn what_goes_together_is_what_the_runtime_says(
        probes in prop::sample::subsequence(Probe::ALL.to_vec(), 1..=3),
        said in prop::sample::subsequence(SAYINGS, 0..6),
        numbers in prop::collection::vec(prop::sample::select(vec![1, 799, 800, 801, 3200, 3201]), 6),
    ) {
        let kinds: Vec<_> = probes.iter().map(|probe| format!("\"{probe}\"")).collect();
        let mut arguments = format!("kind = [{}]", kinds.join(", "));
        let check = Check::new("c", async || true);
        let mut check = probes.into_iter().fold(check, Check::serving);
        for ((written, say), number) in said.into_iter().zip(numbers) {
            arguments += ", ";
            arguments += &written.replace("{}", &number.to_string());
            check = say(check, number);
        }
        let tokens = arguments.parse().expect("they are well-formed");
        let expansion = expand(tokens, quote!(fn c() {}), "health_core");
        let built = HealthBuilder::empty().check(check).build();
        prop_assert_eq!(
            mentions(expansion.clone(), "compile_error"), built.is_err(),
            "{}: {} but {:?}", arguments, expansion, built.err()
        );
    }
}
