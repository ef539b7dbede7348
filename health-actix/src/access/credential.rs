//! What a request presents to be let in.

use actix_web::http::header::{AsHeaderName, HeaderMap};

/// The token of an `Authorization` header, not empty (RFC 6750, section 2.1). The scheme is
/// `Bearer` in upper or lower case (RFC 9110, section 11.1).
pub(crate) fn bearer_token(authorization: &[u8]) -> Option<&[u8]> {
    let space = authorization.iter().position(|byte| *byte == b' ')?;
    let (scheme, token) = authorization.split_at(space);
    let token = token.trim_ascii();
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer");
    (is_bearer && !token.is_empty()).then_some(token)
}

/// The value of a header that comes once. Of several, whoever stands between may have looked at
/// another one, so none counts.
pub(super) fn sole(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&[u8]> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    values.next().is_none().then_some(first.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_stands_behind_its_scheme() {
        for (authorization, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer abc", Some("abc")),
            ("BEARER   abc ", Some("abc")),
            ("Bearer a b", Some("a b")),
            ("Bearer a, Bearer b", Some("a, Bearer b")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer\tabc", None),
            (" Bearer abc", None),
            ("Bearerabc", None),
            ("Bearer, abc", None),
            ("Basic abc", None),
            ("abc", None),
            ("", None),
        ] {
            let read = bearer_token(authorization.as_bytes());
            assert_eq!(read, token.map(str::as_bytes), "{authorization}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(authorization in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = bearer_token(&authorization);
            let behind = [b"bearer ", authorization.as_slice()].concat();
            let token = authorization.trim_ascii();
            let expected = (!token.is_empty()).then_some(token);
            prop_assert_eq!(bearer_token(&behind), expected);
        }
    }
}
