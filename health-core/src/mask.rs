//! Secrets never leave: every text that came from a check passes through here.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex_lite::Regex;

/// The longest text that is kept, in bytes.
const LONGEST: usize = 1024;

/// How much of a text is looked at, in bytes.
const LOOKED_AT: usize = 8 * 1024;

/// Masks what looks like a secret and cuts the text to 1 KiB.
///
/// Masked are credentials in URLs and DSNs, values of keys such as `password`, `token` or
/// `api_key`, headers that authorize, and tokens with a well-known shape. It would rather mask
/// too much than too little.
///
/// ```
/// use health_core::mask;
///
/// assert_eq!(
///     mask("postgres://app:s3cret@db/orders: timeout"),
///     "postgres://app:***@db/orders: timeout"
/// );
/// assert_eq!(mask("connection refused"), "connection refused");
/// ```
pub fn mask(text: &str) -> Cow<'_, str> {
    let text = whole_words(text);
    let lower = text.to_ascii_lowercase();
    let masked = replace(text, |needs| needs.iter().any(|part| lower.contains(part)));
    if masked.len() <= LONGEST {
        return masked;
    }
    Cow::Owned(format!("{}...", cut(&masked, LONGEST - 3)))
}

/// Applies those patterns of which what they need may be there.
fn replace<'a>(text: &'a str, may_match: impl Fn(&[&str]) -> bool) -> Cow<'a, str> {
    let mut masked = Cow::Borrowed(text);
    for (needs, pattern, replacement) in patterns() {
        if !may_match(needs) {
            continue;
        }
        if let Cow::Owned(replaced) = pattern.replace_all(&masked, *replacement) {
            masked = Cow::Owned(replaced);
        }
    }
    masked
}

/// As much of `text` as is looked at, not ending within a word or a URL's credentials: half a
/// secret would not be recognised.
fn whole_words(text: &str) -> &str {
    if text.len() <= LOOKED_AT {
        return text;
    }
    let start = cut(text, LOOKED_AT);
    let words = start
        .rfind(char::is_whitespace)
        .map_or("", |end| &start[..end]);
    let url = words
        .rfind("://")
        .filter(|url| !words[*url..].contains('@'));
    &words[..url.unwrap_or(words.len())]
}

/// At most `longest` bytes of `text`, never splitting a character.
fn cut(text: &str, longest: usize) -> &str {
    let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// What a key that has a secret ends in; the short ones only as words of their own.
const KEYS: &str = "(?:password|passwd|passphrase|secret|token|credential|signature|session\
    |(?:api|access|account|auth|encryption|instrumentation|private|shared|subscription)[_-]?key\
    |[?&]key|(?:\\b|[_-])(?:pass|pwd|pw|sig|sid))(?:s?[0-9]*|[_-][\\w-]*)";

/// What a text has to have one of, in lower case, for a pattern to match; the pattern; and what
/// replaces it. Trying all on every text would cost more than the check. In the order in which
/// they are applied; `<KEYS>` stands for [`KEYS`].
const PATTERNS: [(&[&str], &str, &str); 16] = [
    // before what would mask its first word alone
    (
        &["private key-----"],
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|$)",
        "***",
    ),
    // scheme://user@domain:password@host
    (
        &["@"],
        r"(?i)([a-z][a-z0-9+.-]*://)[^\s:/@?#]*@\S*@",
        "${1}***@",
    ),
    // scheme://user:password@host: up to the last `@`, for the password may hold anything
    (
        &["@"],
        r"(?i)([a-z][a-z0-9+.-]*://[^\s:/@?#]*:)\S*@",
        "${1}***@",
    ),
    // the same with a space in the password
    (
        &["@"],
        r"(?i)([a-z][a-z0-9+.-]*://[^\s:/@?#]*:)(?:[^\s@/]|/[^\s@/])*[ \t](?:[^@\n/]|/[^@\n/])*@",
        "${1}***@",
    ),
    // scheme://token@host
    (
        &["@"],
        r"(?i)([a-z][a-z0-9+.-]*://)[^\s:/@?#]+@",
        "${1}***@",
    ),
    // user:password@tcp(host), as Go's drivers have it; jdbc:oracle:thin:user/password@
    (&["@"], r"([\w.-]+:)[^\s@]+@(\w*\()", "${1}***@${2}"),
    (&["@"], r"(?i)(jdbc:\w+:\w+:[^\s/@]*/)[^\s@]*@", "${1}***@"),
    // headers: whatever follows
    (
        &["authorization", "cookie", "x-"],
        r#"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*(?:auth|key|token))(\\*["']?\s*[=:]\s*)[^\r\n]+"#,
        "${1}${2}***",
    ),
    (
        &["bearer"],
        r"(?i)\b(bearer)[ \t]+[a-z0-9._~+/=-]{6,}",
        "${1} ***",
    ),
    (
        &["basic", "digest", "negotiate"],
        r"\b((?i:basic|digest|negotiate))[ \t]+[A-Za-z0-9._~+/=-]*[A-Z0-9=][A-Za-z0-9._~+/=-]{3,}",
        "${1} ***",
    ),
    // key=the value; and ;key=the value, as in connection strings, with spaces
    (&["="], r#"(?i)(<KEYS>[ \t]*=[ \t]*)[^;\n"']*;"#, "${1}***;"),
    (
        &[";"],
        r#"(?i)(;[ \t]*<KEYS>[ \t]*=[ \t]*)[^;\n"'*][^;\n"']*"#,
        "${1}***",
    ),
    // key: value, "key": "value", \"key\":\"value\", key: Some("value"), key = ["value"], and with
    // another key before the value, as in the lines `credentials:` and `password: value`
    (
        &[":", "="],
        r#"(?i)(<KEYS>\\*["']?\s*(?:=>|[=:])\s*)(?:[\w-]+\\*["']?\s*(?:=>|[=:])\s*)*(?:(?:[a-z_]\w*\s*)?[\[({][^\])}]*[\])}]*|\\+"[^"]*"?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.|'')*'?|[^\s,;&"':=][^\s,;&"']*)"#,
        "${1}***",
    ),
    // --password value
    (&["-"], r"(?i)((?:^|\s)--?[\w-]*<KEYS>[ \t]+)\S+", "${1}***"),
    // JSON web tokens; keys of AWS, OpenAI, GitHub, GitLab, Slack, Vault
    (
        &["eyj"],
        r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}",
        "***",
    ),
    (
        &["akia", "asia", "sk-", "gh", "glpat-", "xox", "hvs."],
        r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b(?:sk-|glpat-|hvs\.)[A-Za-z0-9_-]{8,}|\bgh[a-z]_[A-Za-z0-9]{16,}|\bxox[a-z]-[A-Za-z0-9-]{8,}",
        "***",
    ),
];

type Pattern = (&'static [&'static str], Regex, &'static str);

fn patterns() -> &'static [Pattern] {
    static COMPILED: OnceLock<Vec<Pattern>> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let compile = |source: &str| Regex::new(&source.replace("<KEYS>", KEYS)).ok();
        let compiled = PATTERNS
            .iter()
            .filter_map(|(needs, source, text)| Some((*needs, compile(source)?, *text)));
        compiled.collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of which secrets are made, and what surrounds them.
    const PARTS: [&str; 44] = [
        "postgres://",
        "jdbc:oracle:thin:",
        "u",
        ":",
        "p",
        "@",
        "h",
        "/",
        "tcp(",
        ")",
        " ",
        "=",
        ";",
        "--",
        "-",
        "_",
        "\"",
        "'",
        "=>",
        "pass",
        "PassWord",
        "api-key",
        "Token",
        "sid",
        "Authorization",
        "Set-Cookie",
        "x-app-key",
        "Proxy-",
        "Bearer",
        "BASIC",
        "Negotiate",
        "abcdef",
        "QWxhZGRpbg==",
        "eyJhbGciOiJI",
        ".",
        "AKIAABCDEFGHIJKLMN",
        "sk-abcdefgh",
        "ghp_abcdefghijklmnopqrst",
        "xoxb-abcdefgh",
        "glpat-abcdefgh",
        "hvs.abcdefgh",
        "?key",
        "-----BEGIN PRIVATE KEY-----",
        "\n",
    ];

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(patterns().len(), PATTERNS.len());
    }

    #[test]
    fn secrets_are_masked_and_the_rest_stays() {
        for (text, masked) in [
            (
                "connection refused (os error 111)",
                "connection refused (os error 111)",
            ),
            ("postgres://u:p@h/db", "postgres://u:***@h/db"),
            ("redis://:p@h:6379 down", "redis://:***@h:6379 down"),
            ("amqp://u:p@ss/w:rd@h/v failed", "amqp://u:***@h/v failed"),
            ("postgres://app@srv:p*/w@h", "postgres://***@h"),
            ("mysql://u:my pass@h failed", "mysql://u:***@h failed"),
            ("https://ghp_x@github.com/", "https://***@github.com/"),
            (
                "http://h:8080/a then http://h/b",
                "http://h:8080/a then http://h/b",
            ),
            ("app:pw@tcp(h:3306)/db", "app:***@tcp(h:3306)/db"),
            (
                "jdbc:oracle:thin:u/pw@h:1521",
                "jdbc:oracle:thin:u/***@h:1521",
            ),
            (
                "Server=h;Password=p w;Timeout=2",
                "Server=h;Password=***;Timeout=2",
            ),
            ("host=h password='a b' x=1", "host=h password=*** x=1"),
            (r"password='a\' x' y", "password=*** y"),
            ("pass=a pw=b", "pass=*** pw=***"),
            ("password:\nhunter2", "password:\n***"),
            (
                "credentials:\n  password: Some(\"hunter2\")\n",
                "credentials:\n  ***\n",
            ),
            ("secret:\n  password: 'a b'\n", "secret:\n  ***\n"),
            ("run --password hunter2 -v", "run --password *** -v"),
            (r#"{"api_key":"abc","n":1}"#, r#"{"api_key":***,"n":1}"#),
            (r#"{\"password\":\"hunter2\"}"#, r#"{\"password\":***}"#),
            (r#"password: Some("hunter2")"#, "password: ***"),
            (r#"secret: Secret(["hunter2"]) x"#, "secret: *** x"),
            (r#"secret: Secret { inner: "X" }, y"#, "secret: ***, y"),
            (r#"{"tokens":["a","B"],"n":1}"#, r#"{"tokens":***,"n":1}"#),
            ("secret: [104, 117]; x", "secret: ***; x"),
            ("Server=h;Password=p W", "Server=h;Password=***"),
            ("password='a''b' c", "password=*** c"),
            ("GET /?sig=abc%2F&x=1 -> 401", "GET /?sig=***&x=1 -> 401"),
            ("Authorization: Bearer abcdef", "Authorization: ***"),
            (
                "Authorization: Token hunter2\nrest",
                "Authorization: ***\nrest",
            ),
            ("Cookie: a=b; session=hunter2", "Cookie: ***"),
            ("x-api-key: abc", "x-api-key: ***"),
            ("got Basic dXNlcjpwdw==", "got Basic ***"),
            ("AccountKey=abc==;Endpoint=e", "AccountKey=***;Endpoint=e"),
            ("key sk-abcdefgh1234 rejected", "key *** rejected"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.sig", "***"),
            (
                "InstrumentationKey=abc;Endpoint=e",
                "InstrumentationKey=***;Endpoint=e",
            ),
            (
                "Ocp-Apim-Subscription-Key: abc",
                "Ocp-Apim-Subscription-Key: ***",
            ),
            (
                "auth_key=a encryption-key: b",
                "auth_key=*** encryption-key: ***",
            ),
            (
                "GET /maps?key=abc&x=1 -> 403",
                "GET /maps?key=***&x=1 -> 403",
            ),
            ("X-Auth: abc def", "X-Auth: ***"),
            ("token glpat-abcdefgh12345678 expired", "token *** expired"),
            ("hvs.abcdefgh12345678 denied", "*** denied"),
            (
                "bad key -----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY----- here",
                "bad key *** here",
            ),
            (
                "private_key: -----BEGIN PRIVATE KEY-----\nabc",
                "private_key: ***",
            ),
        ] {
            assert_eq!(mask(text), masked, "{text}");
        }
    }

    #[test]
    fn ordinary_texts_stay_as_they_are() {
        for text in [
            "tests passed: 12, failed: 3",
            "design=round inside: yes resident: 4",
            "killed by signal: 9, assigned: 3, upwards: 3",
            "app::session::Pool is closed",
            "basic connectivity lost, digest mismatch, negotiate protocol",
            "above the per-session limit",
            "https://registry/@scope/pkg not found",
            "http://a:80/x failed",
            "mail ops@example.com at 10:30",
            "replica lag: 12 s",
            "primary_key: id, partition-key=7, no key=5 in the cache",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(mask(text), text);
        }
        assert_eq!(
            mask("http://a:80/x failed, then postgres://u:p@h"),
            "http://a:80/x failed, then postgres://u:***@h"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_after_it_was_masked() {
        let long = "ü".repeat(LONGEST);
        let masked = mask(&long);
        assert!(masked.len() <= LONGEST && masked.ends_with("ü..."));
        let split = format!("password={} postgres://u:SECRET@h", "x".repeat(8170));
        assert_eq!(mask(&split), "password=***");
        let spaced = format!("down: {} postgres://u:MY SECRET", "x,".repeat(4080));
        assert!(!mask(&format!("{spaced} {}", "y".repeat(99))).contains("MY"));
        assert_eq!(
            mask(&"x".repeat(8193)),
            "",
            "one word, of which half might be a secret"
        );
    }

    proptest! {
        #[test]
        fn no_part_of_a_password_in_a_url_comes_out(
            before in "[a-z ]{0,20}",
            user in "[a-z]{0,8}",
            password in "[A-Z0-9@/:#?%!$&*+,;=._-]{6,20}",
            after in "[a-z ./:]{0,20}",
        ) {
            let text = format!("{before} postgres://{user}:{password}@host/db {after}");
            let masked = mask(&text).into_owned();
            prop_assert!(!masked.chars().any(|c| c.is_ascii_uppercase()), "{}", masked);
        }

        #[test]
        fn no_pattern_is_passed_over_that_would_match(
            parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..12),
        ) {
            let text = parts.concat();
            prop_assert_eq!(mask(&text), replace(&text, |_| true));
        }

        #[test]
        fn any_text_can_be_masked(text in "\\PC{0,200}") {
            let _ = mask(&text);
        }
    }
}
