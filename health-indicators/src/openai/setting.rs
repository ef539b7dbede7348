//! Settings that may be missing, as variables of the environment may.

use std::env::VarError;
use std::fmt;

/// A text that may be missing: a `String` or `&str`, an `Option` of one, or what `std::env::var`
/// gives. It is never shown. One of nothing but white space is missing, too.
#[derive(Clone)]
pub struct Setting(Option<String>);

impl Setting {
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "set" } else { "missing" })
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        let text = text.trim();
        Self((!text.is_empty()).then(|| text.to_owned()))
    }
}

impl From<String> for Setting {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl<T: Into<Self>> From<Option<T>> for Setting {
    fn from(text: Option<T>) -> Self {
        text.map_or(Self(None), Into::into)
    }
}

impl From<Result<String, VarError>> for Setting {
    fn from(text: Result<String, VarError>) -> Self {
        text.ok().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_missing() {
        let text = |setting: Setting| setting.text().map(str::to_owned);
        let key = || Some("key".to_owned());
        assert_eq!(text("key".into()), key());
        assert_eq!(text(" key\n".to_owned().into()), key());
        assert_eq!(text(Some("key").into()), key());
        assert_eq!(text(Ok("key".to_owned()).into()), key());
        assert_eq!(text("".into()), None);
        assert_eq!(text(Some(" ").into()), None);
        assert_eq!(text(None::<String>.into()), None);
        assert_eq!(text(Err(VarError::NotPresent).into()), None);
        assert_eq!(format!("{:?}", Setting::from("key")), "set");
    }
}
