//! Secrets never leave: every text that came from a check passes through here.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex_lite::Regex;

/// The longest text that is kept, in bytes.
const LONGEST: usize = 1024;

/// How much of a text is looked at: more than is kept, so that the cut never splits a secret.
const LOOKED_AT: usize = 8 * LONGEST;

/// What stands for a secret.
const MASK: &str = "***";

/// Masks what looks like a secret and cuts the text to 1 KiB.
///
/// Masked are passwords in URLs, values of keys such as `password`, `token` or `api_key`,
/// bearer and basic credentials, and tokens with a well-known shape. It would rather mask too
/// much than too little.
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
    let mut masked = Cow::Borrowed(cut(text, LOOKED_AT));
    for (pattern, replacement) in patterns() {
        if let Cow::Owned(replaced) = pattern.replace_all(&masked, replacement.as_str()) {
            masked = Cow::Owned(replaced);
        }
    }
    if masked.len() <= LONGEST {
        return masked;
    }
    Cow::Owned(format!("{}...", cut(&masked, LONGEST - 3)))
}

/// At most `longest` bytes of `text`, never splitting a character.
fn cut(text: &str, longest: usize) -> &str {
    if text.len() <= longest {
        return text;
    }
    let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

fn patterns() -> &'static [(Regex, String)] {
    static PATTERNS: OnceLock<Vec<(Regex, String)>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        const KEYS: &str = "password|passwd|pwd|passphrase|secret|token|api[_-]?key|apikey\
                            |access[_-]?key|account[_-]?key|private[_-]?key|shared[_-]?key\
                            |credential|authorization|signature|sig|cookie";
        [
            // scheme://user:password@host, the password possibly holding '@', '/' or spaces
            (
                r"(?i)([a-z][a-z0-9+.-]*://)([^\s:/@?#]*):\S*@".to_owned(),
                format!("${{1}}${{2}}:{MASK}@"),
            ),
            (
                r"(?i)([a-z][a-z0-9+.-]*://[^\s:/@?#]*):[^\s@]*[ \t][^@\n]*@".to_owned(),
                format!("${{1}}:{MASK}@"),
            ),
            // scheme://token@host
            (
                r"(?i)([a-z][a-z0-9+.-]*://)[^\s:/@?#]+@".to_owned(),
                format!("${{1}}{MASK}@"),
            ),
            (
                r"(?i)\b(bearer|basic|digest|negotiate)[ \t]+[a-z0-9._~+/=-]{4,}".to_owned(),
                format!("${{1}} {MASK}"),
            ),
            // key=value, key: value, "key": "value", key='value'
            (
                format!(
                    r#"(?i)((?:{KEYS})[a-z0-9_-]*["']?[ \t]*[=:][ \t]*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&"']+)"#
                ),
                format!("${{1}}{MASK}"),
            ),
            // JSON web tokens; keys of AWS, OpenAI, GitHub, Slack
            (
                r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}".to_owned(),
                MASK.to_owned(),
            ),
            (
                r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bsk-[A-Za-z0-9_-]{8,}|\bgh[a-z]_[A-Za-z0-9]{16,}|\bxox[a-z]-[A-Za-z0-9-]{8,}"
                    .to_owned(),
                MASK.to_owned(),
            ),
        ]
        .into_iter()
        .filter_map(|(pattern, replacement)| Some((Regex::new(&pattern).ok()?, replacement)))
        .collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(patterns().len(), 7);
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
            ("mysql://u:my pass@h failed", "mysql://u:***@h failed"),
            ("https://ghp_x@github.com/", "https://***@github.com/"),
            (
                "http://h:8080/a then http://h/b",
                "http://h:8080/a then http://h/b",
            ),
            (
                "Server=h;Password=p w;Timeout=2",
                "Server=h;Password=*** w;Timeout=2",
            ),
            ("host=h password='a b' x=1", "host=h password=*** x=1"),
            (r#"{"api_key":"abc","n":1}"#, r#"{"api_key":***,"n":1}"#),
            ("GET /?sig=abc%2F&x=1 -> 401", "GET /?sig=***&x=1 -> 401"),
            ("Authorization: Bearer abcdef", "Authorization: *** ***"),
            ("AccountKey=abc==;Endpoint=e", "AccountKey=***;Endpoint=e"),
            ("key sk-abcdefgh1234 rejected", "key *** rejected"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.sig", "***"),
        ] {
            assert_eq!(mask(text), masked, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ü".repeat(LONGEST);
        let masked = mask(&long);
        assert!(masked.len() <= LONGEST && masked.ends_with("ü..."));
    }

    proptest! {
        #[test]
        fn a_password_in_a_url_never_comes_out(
            before in "[a-z ]{0,20}",
            user in "[a-z]{0,8}",
            password in "[A-Z0-9@/:#?%!$&*+,;=._-]{6,20}",
            after in "[a-z ./:]{0,20}",
        ) {
            let password = format!("Q{password}Q");
            let text = format!("{before} postgres://{user}:{password}@host/db {after}");
            prop_assert!(!mask(&text).contains(&password));
        }

        #[test]
        fn any_text_can_be_masked(text in "\\PC{0,200}") {
            let _ = mask(&text);
        }
    }
}
