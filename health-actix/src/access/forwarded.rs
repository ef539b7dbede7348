//! Whom a proxy says that it speaks for: the headers `Forwarded` (RFC 7239) and `X-Forwarded-For`.
//!
//! They are read from the right, where the proxy that is trusted has added its part: nothing that
//! stands before it can change how that is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str;

/// The addresses that a line of `Forwarded` names, the last one first. `None` where no address is
/// told, as by `for=unknown`, `for=_hidden` and what does not follow the grammar.
///
/// More than RFC 7239, section 4, allows are white space around `;`, and values with `:` and
/// `[` that are not quoted.
pub(crate) fn forwarded(line: &[u8]) -> impl Iterator<Item = Option<IpAddr>> {
    Elements { rest: Some(line) }.map(|element| node(&value_of_for(element)?))
}

/// The addresses that a line of `X-Forwarded-For` names, the last one first. `None` where what
/// stands there is no address. A port may follow it; brackets around IPv6 may be missing.
pub(crate) fn x_forwarded_for(line: &[u8]) -> impl Iterator<Item = Option<IpAddr>> {
    let parts = line.rsplit(|byte| *byte == b',');
    parts.map(|part| {
        let part = trimmed(part);
        let bare = str::from_utf8(part).ok()?.parse().ok();
        bare.map(|address: Ipv6Addr| address.to_canonical())
            .or_else(|| node(part))
    })
}

/// The elements of a list in which strings may be quoted, the last one first.
struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.rest.take()?;
        let mut is_quoted = false;
        for (at, byte) in line.iter().enumerate().rev() {
            match byte {
                // From the right a string begins with its end.
                b'"' if !is_quoted => is_quoted = true,
                b'"' if !is_escaped(&line[..at]) => is_quoted = false,
                b',' if !is_quoted => {
                    self.rest = Some(&line[..at]);
                    return Some(&line[at + 1..]);
                }
                _ => {}
            }
        }
        Some(line)
    }
}

/// Whether the byte behind these is escaped by a backslash.
fn is_escaped(before: &[u8]) -> bool {
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    backslashes.count() % 2 == 1
}

/// The value of the one parameter `for` of an element that follows the grammar.
fn value_of_for(element: &[u8]) -> Option<Vec<u8>> {
    let mut found = None;
    let mut rest = trimmed(element);
    loop {
        rest = match rest {
            [] => return found,
            // Pairs may be left out.
            [b';', behind @ ..] => trimmed(behind),
            _ => {
                let (name, value, behind) = pair(rest)?;
                let is_for = name.eq_ignore_ascii_case(b"for");
                if is_for && found.replace(value).is_some() {
                    return None;
                }
                let behind = trimmed(behind);
                if !matches!(behind, [] | [b';', ..]) {
                    return None;
                }
                behind
            }
        };
    }
}

/// The name, the value and what is behind a pair.
fn pair(text: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let equals = text.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (&text[..equals], &text[equals + 1..]);
    if name.is_empty() || !name.iter().all(|byte| is_of_token(*byte)) {
        return None;
    }
    if let [b'"', quoted @ ..] = value {
        let (value, behind) = unquoted(quoted)?;
        return Some((name, value, behind));
    }
    let end = value.iter().position(|byte| !is_of_value(*byte));
    let (value, behind) = value.split_at(end.unwrap_or(value.len()));
    (!value.is_empty()).then(|| (name, value.to_vec(), behind))
}

/// What is in a string, behind its first quote, and what is behind its last.
fn unquoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((value, &text[at + 1..])),
            b'\\' => value.push(*bytes.next()?.1),
            _ => value.push(*byte),
        }
    }
    None
}

/// The address of a node (RFC 7239, section 6): IPv4, or IPv6 in brackets, each with a port or
/// without.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?;
    if let Some(text) = text.strip_prefix('[') {
        let (address, behind) = text.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let is_whole = behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port);
        return is_whole.then(|| address.to_canonical());
    }
    let (address, port) = match text.split_once(':') {
        Some((address, port)) => (address, Some(port)),
        None => (text, None),
    };
    let address: Ipv4Addr = address.parse().ok()?;
    port.is_none_or(is_port).then_some(address.into())
}

/// A port, or what stands for one that is hidden.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(hidden) => {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !hidden.is_empty() && hidden.bytes().all(fits)
        }
        None => matches!(text.len(), 1..=5) && text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// A character of a token (RFC 9110, section 5.6.2).
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A character of a value that is not quoted.
fn is_of_value(byte: u8) -> bool {
    is_of_token(byte) || b"[]:".contains(&byte)
}

/// Without the white space of HTTP around it.
fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(addresses: impl Iterator<Item = Option<IpAddr>>) -> String {
        let told = addresses.map(|a| a.map_or_else(|| "-".to_owned(), |a| a.to_string()));
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_line_of_forwarded_is_read_from_the_right() {
        for (line, expected) in [
            ("for=192.0.2.60", "192.0.2.60"),
            ("FOR=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("proto=https;For=192.0.2.60", "192.0.2.60"),
            (
                "for=192.0.2.43, for=198.51.100.17",
                "198.51.100.17 192.0.2.43",
            ),
            (r#"for="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
            (r#"for="[2001:db8:cafe::17]""#, "2001:db8:cafe::17"),
            (r#"for="[::1]:_port-1.x""#, "::1"),
            (r#"for="192.0.2.60:80""#, "192.0.2.60"),
            (r#"for="192.0.2.60""#, "192.0.2.60"),
            (r#"for="\1\92.0.2.60""#, "192.0.2.60"),
            (r#"for="[::ffff:10.0.0.1]""#, "10.0.0.1"),
            // More than the grammar allows.
            ("for=192.0.2.60:80", "192.0.2.60"),
            ("for=[::1]:80", "::1"),
            ("for=192.0.2.60 ; proto=http", "192.0.2.60"),
            // Pairs and white space may be left out.
            (";;for=192.0.2.60;;", "192.0.2.60"),
            ("\t for=192.0.2.60 \t,for=::1", "- 192.0.2.60"),
            // Commas, semicolons and quotes in strings.
            (r#"host="a,b;c";for=1.1.1.1,for=2.2.2.2"#, "2.2.2.2 1.1.1.1"),
            (r#"for=1.1.1.1;host="a\",for=9.9.9.9,\"b""#, "1.1.1.1"),
            (r#"for=1.1.1.1;host="a\\", for=2.2.2.2"#, "2.2.2.2 1.1.1.1"),
            (r#"for=1.1.1.1;host="\"""#, "1.1.1.1"),
            (r#"for=1.1.1.1;host="""#, "1.1.1.1"),
        ] {
            assert_eq!(all(forwarded(line.as_bytes())), expected, "{line}");
        }
    }

    #[test]
    fn what_tells_no_address_in_forwarded_tells_none() {
        for element in [
            "",
            " ",
            ";",
            "for",
            "for=",
            "for=\"\"",
            "for=unknown",
            "for=_hidden",
            "for=\"_hidden:80\"",
            "by=10.0.0.1",
            "10.0.0.1",
            "for=10.0.0.1;for=10.0.0.1",
            "for=10.0.0.1;proto",
            "for=10.0.0.1;=x",
            "for=10.0.0.1;proto=\"x",
            "for=10.0.0.1;proto=\"x\"y",
            "for=10.0.0.1 proto=http",
            "for =10.0.0.1",
            "for= 10.0.0.1",
            "for=\"10.0.0.1 \"",
            "for=\"10.0.0.1:\"",
            "for=\"10.0.0.1:123456\"",
            "for=\"10.0.0.1:+80\"",
            "for=\"10.0.0.1:_\"",
            "for=\"10.0.0.1:_ \"",
            "for=::1",
            "for=\"::1\"",
            "for=\"[::1\"",
            "for=\"[::1]80\"",
            "for=\"[::1]:\"",
            "for=\"[10.0.0.1]\"",
            "for=\"[fe80::1%eth0]\"",
            "for=010.0.0.1",
            "for=10.0.0.0/8",
            "for=10.1",
            "for=167772161",
            "for=localhost",
        ] {
            assert_eq!(all(forwarded(element.as_bytes())), "-", "{element}");
        }
        assert_eq!(all(forwarded(b"for=\"10.0.0.1\xff\"")), "-");
    }

    #[test]
    fn a_line_of_x_forwarded_for_is_read_from_the_right() {
        for (line, expected) in [
            ("192.0.2.60", "192.0.2.60"),
            (" 192.0.2.60,\t10.0.0.1 ", "10.0.0.1 192.0.2.60"),
            ("192.0.2.60:4711", "192.0.2.60"),
            (
                "2001:db8::1, [2001:db8::2], [::3]:80",
                "::3 2001:db8::2 2001:db8::1",
            ),
            ("2001:db8::1:4711", "2001:db8::1:4711"),
            ("::ffff:10.0.0.1, [::ffff:10.0.0.2]", "10.0.0.2 10.0.0.1"),
            ("a, , 10.0.0.1", "10.0.0.1 - -"),
            ("", "-"),
            ("unknown", "-"),
            ("_hidden", "-"),
            ("unix:", "-"),
            ("\"10.0.0.1\"", "-"),
            ("10.0.0.1 10.0.0.2", "-"),
            ("10.0.0.1;10.0.0.2", "-"),
            ("for=10.0.0.1", "-"),
            ("fe80::1%eth0", "-"),
        ] {
            assert_eq!(all(x_forwarded_for(line.as_bytes())), expected, "{line}");
        }
        assert_eq!(all(x_forwarded_for(b"\xff, 10.0.0.1")), "10.0.0.1 -");
    }

    /// What lines are made of, so that quotes, backslashes and separators meet.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let parts = [
            "\"", "\\", ",", ";", "=", " ", "for=", "for=\"", "1.2.3.4", "[::1]", ":80", "host=",
            "unknown", "_x", "\u{ff}",
        ];
        let part = prop::sample::select(parts.to_vec()).prop_map(|part| part.as_bytes().to_vec());
        let anything = prop::collection::vec(any::<u8>(), 0..40);
        prop_oneof![
            prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat()),
            anything,
        ]
    }

    /// A string that may have anything in it, quoted as the grammar says.
    fn quoted() -> impl Strategy<Value = String> {
        "[ -~]{0,12}".prop_map(|text| {
            let escaped = text.replace('\\', r"\\").replace('"', r#"\""#);
            format!("\"{escaped}\"")
        })
    }

    fn written(address: IpAddr, port: Option<u16>) -> String {
        let address = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        port.map_or_else(|| address.clone(), |port| format!("{address}:{port}"))
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(line in line()) {
            let commas = line.iter().filter(|byte| **byte == b',').count();
            prop_assert!(forwarded(&line).count() <= commas + 1);
            prop_assert_eq!(x_forwarded_for(&line).count(), commas + 1);
        }

        #[test]
        fn what_stands_before_does_not_change_how_the_last_part_is_read(
            before in line(),
            address in any::<IpAddr>(),
            port in any::<Option<u16>>(),
            host in quoted(),
        ) {
            let node = written(address, port);
            for last in [
                format!("for=\"{node}\";host={host}"),
                format!("host={host};For=\"{node}\";proto=http"),
            ] {
                let line = [&before, b", ".as_slice(), last.as_bytes()].concat();
                let mut read = forwarded(&line);
                prop_assert_eq!(read.next(), Some(Some(address.to_canonical())));
                let rest: Vec<_> = read.collect();
                prop_assert_eq!(rest, forwarded(&before).collect::<Vec<_>>());
            }
            let line = [&before, b", ".as_slice(), node.as_bytes()].concat();
            prop_assert_eq!(x_forwarded_for(&line).next(), Some(Some(address.to_canonical())));
        }

        #[test]
        fn an_address_is_told_only_where_it_is_written(line in line()) {
            let text = String::from_utf8_lossy(&line).replace('\\', "");
            for address in forwarded(&line).chain(x_forwarded_for(&line)).flatten() {
                prop_assert!(text.contains(&address.to_string()), "{} in {}", address, text);
            }
        }
    }
}
