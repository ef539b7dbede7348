//! Whatever is written: nothing makes it panic, and what goes together is what the runtime says.

use std::sync::LazyLock;
use std::time::Duration;

use health_core::{Check, HealthBuilder, Probe, Visibility};
use proc_macro2::TokenStream;
use proptest::prelude::*;
use quote::quote;

use super::answers::told;
use super::mentions;
use crate::args::Args;
use crate::arguments::Arguments;
use crate::expand::expand;

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
    "visibility = \"full\"",
    "visibility = \"summary\"",
    "liveness(timeout_ms = 300, critical = false)",
    "readiness(timeout_ms = 86_400_000)",
    "startup(critical = true)",
    "depends_on = [\"a\", \"b::c\"]",
    "tags = [\"a\", \"b\"]",
    "crate = ::x::y",
];

const PIECES_OF_ARGUMENTS: &[&str] = &[
    "r#kind",
    // What others call things, and what is nearly right.
    "timout_ms = 5",
    "periodSeconds = 5",
    "initial-delay = 5",
    "type = ready",
    "optional",
    "hidden",
    "public = no",
    "visibility = Visibility::Full",
    "visibility = \"ful\"",
    "visibility =",
    "skip_on_err = \"no\"",
    "groups(a, \"b, c\", a)",
    "tags(\"b, b\", b)",
    "timeout =",
    "timeout_ms =",
    "readiness =",
    "tags =",
    "name =",
    "depends_on =",
    "critical =",
    "failure_threshold =",
    "crate =",
    "enabled",
    "ready",
    ":",
    "==",
    "=>",
    "Duration::from_secs(2)",
    "Duration::new(1, 5)",
    "vec![a, b]",
    "2s",
    "2.5",
    "500ms",
    "99999999999999999999999999999999999h",
    "1e999",
    "\"2 s\"",
    "\"PT\"",
    "\"no\"",
    "\"a,,b\"",
    "\"|\"",
    "\"the database\"",
    "\"health-core\"",
    "Probe::Readiness",
    "TIMEOUT",
    "a.b()",
    "* 3",
    "+ 0.1",
    "| b",
    "&",
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
    "-> !",
    "-> impl Future<Output = (A, B)>",
    "-> Pin<Box<dyn Future>>",
    "-> Result<(), Box<dyn Error>>",
    "-> Result<(), Box<dyn ::core::error::Error + 'static + Send>>",
    "(x: State<dyn A + Send>, y: &mut T, z: Vec<impl Fn(impl A) -> Box<B>>)",
    "#[tokio::main]",
    "#[::]",
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
    ("visibility = \"full\"", |c, _| {
        c.with_visibility(Visibility::Full)
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

/// The argument that a message says to write.
fn suggestion(message: &str) -> Option<String> {
    let (_, written) = message.split_once("write `")?;
    let (written, _) = written.split_once('`')?;
    let is_argument = written.contains(['=', '(']) && !written.starts_with('#');
    is_argument.then(|| written.to_owned())
}

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
    fn what_is_to_be_written_is_right(
        arguments in prop::collection::vec(
            prop::sample::subsequence(IN_ARGUMENTS.clone(), 1..4).prop_shuffle(), 1..4,
        ),
    ) {
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.join(" ")).collect();
        let arguments = arguments.join(", ");
        let suggestions = told(&arguments).into_iter().filter_map(|text| suggestion(&text));
        for written in suggestions {
            let mistakes = told(&format!("{written}, kind = \"readiness\""));
            let mistakes: Vec<_> = mistakes
                .into_iter()
                .filter(|mistake| mistake != "`kind` is given more than once")
                .collect();
            prop_assert!(mistakes.is_empty(), "{}: {}: {:?}", arguments, written, mistakes);
        }
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
