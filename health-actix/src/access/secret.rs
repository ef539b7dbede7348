//! Tokens and keys: compared, never shown.

use std::fmt;
use std::sync::Arc;

use health_core::Mistake;
use subtle::ConstantTimeEq;

/// The length up to which the time of a comparison does not tell how long a secret is, in bytes;
/// of longer ones it tells how many such lengths they have.
const BLOCK: usize = 128;

/// A text that only those may know who are let in.
#[derive(Clone)]
pub(super) struct Secret {
    /// With zeros behind it, up to a whole number of blocks.
    padded: Arc<[u8]>,
    length: u64,
}

impl Secret {
    pub(super) fn new(text: &str) -> Self {
        let mut padded = text.as_bytes().to_vec();
        padded.resize(text.len().next_multiple_of(BLOCK), 0);
        Self {
            padded: padded.into(),
            length: text.len() as u64,
        }
    }

    /// Whether this is it. The time that it takes depends neither on where they differ, nor on
    /// how long what was presented is.
    pub(super) fn is(&self, presented: &[u8]) -> bool {
        let mut same = self.length.ct_eq(&(presented.len() as u64));
        for (i, byte) in self.padded.iter().enumerate() {
            same &= byte.ct_eq(presented.get(i).unwrap_or(&0));
        }
        same.into()
    }
}

/// What is wrong with a text that is to be presented in a header; `what` it is begins the mistake,
/// in which the text itself is not.
pub(super) fn mistake(what: &str, text: &str) -> Option<Mistake> {
    let flaw = if text.is_empty() {
        "is empty, which would let everyone in: give a long random one"
    } else if text.trim() != text {
        "begins or ends with white space, as a file's text does, and no request can present that: \
         trim it"
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        "has a character that no request can present: use letters, digits and `-._~+/=`"
    } else {
        return None;
    };
    Some(Mistake::new(format!("{what} {flaw}")))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zeros_behind_a_secret_are_no_part_of_it() {
        let secret = Secret::new("abc");
        assert!(secret.is(b"abc"));
        assert!(!secret.is(b"abc\0"));
        assert!(!secret.is(b"ab"));
        assert!(!secret.is(b""));
    }

    #[test]
    fn a_secret_may_be_longer_than_a_block() {
        for length in [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 5 * BLOCK + 3] {
            let text = "x".repeat(length);
            assert!(Secret::new(&text).is(text.as_bytes()), "{length}");
            let other = format!("{}y", &text[1..]);
            assert!(!Secret::new(&text).is(other.as_bytes()), "{length}");
            let longer = format!("{text}x");
            assert!(!Secret::new(&text).is(longer.as_bytes()), "{length}");
        }
    }

    #[test]
    fn what_cannot_be_presented_is_a_mistake_that_does_not_show_it() {
        assert_eq!(mistake("the token", "aZ09-._~+/=!"), None);
        for (text, told) in [
            ("", "is empty"),
            ("hunter2\n", "white space"),
            (" hunter2", "white space"),
            ("hunter 2", "no request can present"),
            ("hunter2\u{7f}", "no request can present"),
            ("hünter2", "no request can present"),
        ] {
            let mistake = mistake("the token", text).unwrap().to_string();
            assert!(mistake.starts_with("the token "), "{mistake}");
            assert!(mistake.contains(told), "{mistake}");
            assert!(!mistake.contains("nter"), "{mistake}");
        }
    }

    proptest! {
        #[test]
        fn comparing_is_equality(
            secret in "[ab\0ü]{0,4}|[!-~]{0,300}",
            presented in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let compared = Secret::new(&secret);
            prop_assert!(compared.is(secret.as_bytes()));
            prop_assert_eq!(compared.is(&presented), secret.as_bytes() == presented);
        }

        #[test]
        fn what_differs_in_one_byte_or_in_length_is_another(
            secret in "[!-~]{1,300}",
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let compared = Secret::new(&secret);
            let mut presented = secret.into_bytes();
            let at = at.index(presented.len());
            presented[at] ^= flip;
            prop_assert!(!compared.is(&presented));
            presented[at] ^= flip;
            prop_assert!(compared.is(&presented));
            prop_assert!(!compared.is(&presented[..at]));
        }

        #[test]
        fn it_is_never_shown(secret in "[!-~]{4,40}") {
            prop_assert_eq!(format!("{:?}", Secret::new(&secret)), "***");
        }
    }
}
