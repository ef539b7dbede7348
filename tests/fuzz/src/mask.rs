//! Texts of checks, with a secret and without.

use std::time::Duration;

use health_actix::mask;

use crate::cost;

/// What the forms below have where the secret is; no part of it occurs in them otherwise.
const SECRET: &str = "HUNTER2XQWZ9GVJK";

/// So much of it is too much.
const PART: usize = 5;

/// What is recognised as having a secret.
pub const FORMS: [&str; 36] = [
    "postgres://u:<>@h/db",
    "redis://:<>@h:6379 down",
    "amqp://u:x@y/<>@h/v failed",
    "postgres://app@srv:<>@h",
    "mysql://u:my <>@h failed",
    "https://<>@github.com/",
    "app:<>@tcp(h:3306)/db",
    "jdbc:oracle:thin:u/<>@h:1521",
    "Server=h;Password=<>;Timeout=2",
    "Server=h;Password=p <>",
    "host=h password='a <>' x=1",
    "pass=<>",
    "password:\n<>",
    "run --password <> -v",
    "{\"api_key\":\"<>\",\"n\":1}",
    "{\\\"password\\\":\\\"<>\\\"}",
    "password: Some(\"<>\")",
    "secret: Secret([\"<>\"]) x",
    "secret: Secret { inner: \"<>\" }, y",
    "{\"tokens\":[\"a\",\"<>\"],\"n\":1}",
    "GET /?sig=abc%2F<>&x=1 -> 401",
    "Authorization: Token <>",
    "Cookie: a=b; session=<>",
    "x-api-key: <>",
    "X-Auth: abc <>",
    "got Bearer <>",
    "got Basic <>==",
    "AccountKey=<>==;Endpoint=e",
    "GET /maps?key=<>&x=1",
    "key sk-<> rejected",
    "eyJ<>.eyJzdWIiOiIx.sig",
    "AKIA<>",
    "ghp_<>",
    "glpat-<>",
    "hvs.<> xoxb-<>",
    "-----BEGIN EC PRIVATE KEY-----\nabc<>\n-----END EC PRIVATE KEY-----",
];

/// The longest text that comes out, in bytes.
const LONGEST: usize = 1024;

/// Of the processor's time, however long the text: what is beyond 8 KiB is not looked at. Built for
/// fuzzing it is a hundred times slower than otherwise.
const MOST: Duration = Duration::from_secs(1);

/// Masks a text, then with a secret in it: the first byte says in which form, the second after how
/// much of the text, the third how much comes before both. Returns the form.
///
/// # Panics
/// If a promise is broken.
pub fn keep(bytes: &[u8]) -> Option<usize> {
    let (&[form, place, padding], text) = bytes.split_first_chunk()?;
    let text = String::from_utf8_lossy(text);
    let place = text.floor_char_boundary(text.len() * usize::from(place) / 256);
    let (before, after) = text.split_at(place);
    for text in [&*text, before, after] {
        masked(text);
    }
    let form = usize::from(form) % FORMS.len();
    let padding = "so it goes, ".repeat(usize::from(padding) * 4);
    let form_filled = FORMS[form].replace("<>", SECRET);
    let (before, after) = (harmless(before), harmless(after));
    let text = format!("{padding}{before}\n{form_filled}\n{after}");
    let masked = masked(&text);
    let mut parts = SECRET.as_bytes().windows(PART);
    let part = parts.find(|part| masked.as_bytes().windows(PART).any(|it| it == *part));
    assert!(part.is_none(), "{text:?} becomes {masked:?}");
    Some(form)
}

fn masked(text: &str) -> String {
    let masked = cost::within(MOST, || mask(text));
    assert!(masked.len() <= LONGEST, "{} bytes", masked.len());
    // Once more is no other than twice: what was masked may be a boundary that was none before.
    let again = mask(&masked).into_owned();
    assert!(again.len() <= LONGEST, "{} bytes", again.len());
    assert_eq!(
        mask(&again),
        again,
        "masked again, {text:?} becomes another"
    );
    masked.into_owned()
}

/// Without what begins a value that goes on until its end, which would have to be found in the form.
fn harmless(text: &str) -> String {
    text.replace(['"', '\'', '\\', '(', '[', '{'], "")
        .replace(SECRET, "")
}
