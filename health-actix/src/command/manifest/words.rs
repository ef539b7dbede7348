//! Words that come from a command line: what may be one, and how each format quotes it.

use std::net::IpAddr;

use crate::access::networks;

/// A name that every platform takes for a service: a DNS label that begins with a letter.
///
/// Source: RFC 1035, section 2.3.1.
pub(super) fn name(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    let is_name = begins && !text.ends_with('-') && text.len() <= 63 && text.bytes().all(fits);
    is_name.then(|| text.to_owned()).ok_or_else(|| {
        "begin with a letter a-z and go on with a-z, 0-9 and `-`, 63 at most, not `-` at the end"
            .to_owned()
    })
}

/// A reference of an image: `registry.example:5000/app:1.2`, or with a digest.
pub(super) fn image(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/:@+".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_image = begins && text.len() <= 512 && text.chars().all(fits);
    is_image.then(|| text.to_owned()).ok_or_else(|| {
        "an image is written as `registry.example/app:1.2`, with letters, digits and `._-/:@+`"
            .to_owned()
    })
}

/// A name or an address, without a port; IPv6 as `::1`.
pub(super) fn host(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_name = begins && text.len() <= 253 && text.chars().all(fits);
    let is_host = is_name || text.parse::<IpAddr>().is_ok();
    is_host.then(|| text.to_owned()).ok_or_else(|| {
        "a host is a name or an address, as `app.example`, `10.0.0.7` or `::1`; its port is given \
         by --port"
            .to_owned()
    })
}

/// A network in CIDR notation.
pub(super) fn network(text: &str) -> Result<String, String> {
    let text = text.trim();
    match networks([text]).mistakes().first() {
        Some(mistake) => Err(mistake.to_string()),
        None => Ok(text.to_owned()),
    }
}

/// Any text on one line that every format can hold between quotes.
pub(super) fn word(text: &str) -> Result<String, String> {
    let breaks = |c: char| c.is_control() || "\u{2028}\u{2029}\u{FEFF}\u{FFFE}\u{FFFF}".contains(c);
    if text.is_empty() {
        return Err("it must not be empty".to_owned());
    }
    match text.chars().find(|c| breaks(*c)) {
        Some(c) => Err(format!("it must not contain the control character {c:?}")),
        None => Ok(text.to_owned()),
    }
}

/// An absolute path of a file.
pub(super) fn file(text: &str) -> Result<String, String> {
    let text = word(text)?;
    if text.starts_with('/') {
        Ok(text)
    } else {
        Err("write the whole path, from `/` on".to_owned())
    }
}

/// As YAML, also for readers of YAML 1.1. JSON quotes as YAML does, but for what [`word`] refuses.
pub(super) fn yaml(text: &str) -> String {
    const NOT_TEXT: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if name(text).is_ok() && !NOT_TEXT.contains(&text) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// As a list in one line of YAML.
pub(super) fn yaml_list<T: AsRef<str>>(words: &[T]) -> String {
    let words = words
        .iter()
        .map(|word| serde_json::Value::from(word.as_ref()).to_string());
    format!("[{}]", words.collect::<Vec<_>>().join(", "))
}

/// As the program of systemd's `ExecStart=`.
///
/// Source: systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers".
pub(super) fn systemd_program(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:=,@".contains(c);
    // At the beginning of the program `@`, `-`, `:`, `+` and `!` would mean something.
    let begins = text.starts_with(|c: char| c == '/' || c.is_ascii_alphanumeric());
    if begins && text.chars().all(plain) {
        return text.to_owned();
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('%', "%%"))
}

/// The same for what it is run with, where `$NAME` would be replaced by a variable.
pub(super) fn systemd_argument(text: &str) -> String {
    systemd_program(&text.replace('$', "$$"))
}

/// A host with a port, as an address.
pub(super) fn address(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}
