//! A request and its answer, as texts.

use serde_json::Value;

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// Without the query.
    pub(crate) path: String,
    /// The lines behind the first one.
    rest: &'a str,
}

impl<'a> Asked<'a> {
    /// None where it is nothing that HTTP knows.
    pub(super) fn by(request: &'a str) -> Option<Self> {
        let (first, rest) = request.split_once("\r\n")?;
        let mut words = first.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let path = target.split(['?', '#']).next()?;
        let path = match path.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/')?..],
            None => path,
        };
        Some(Self {
            method,
            path: path.to_owned(),
            rest,
        })
    }

    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.split('?').next().unwrap_or_default().to_owned(),
            rest: "",
        }
    }

    /// Whether it has such a header.
    pub(super) fn brings(&self, header: &str) -> bool {
        let lines = self.rest.lines().take_while(|line| !line.is_empty());
        let mut names = lines.filter_map(|line| line.split(':').next());
        names.any(|name| name.eq_ignore_ascii_case(header))
    }

    /// The same caller, asking for what is at this path.
    pub(super) fn instead(&self, path: &str) -> String {
        let headers = self.rest.lines().take_while(|line| !line.is_empty());
        let own = [
            "connection",
            "host",
            "origin",
            "content-length",
            "upgrade",
            "http2-settings",
        ];
        let headers = headers.filter(|line| {
            let name = line.split(':').next().unwrap_or_default();
            !own.iter().any(|own| name.eq_ignore_ascii_case(own))
        });
        let headers: String = headers.map(|line| format!("{line}\r\n")).collect();
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n")
    }
}

pub(super) fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let hex = others
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &others[2..];
            }
            None => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer, its headers by their names.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) code: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answered {
    pub(super) fn by(answer: &str) -> Self {
        let (head, body) = answer.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let code = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            code: code.unwrap().parse().unwrap(),
            headers: headers
                .map(|(k, v)| (k.to_lowercase(), v.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Of what media type the body is; none if there is none.
    pub(super) fn media_type(&self) -> Option<&str> {
        self.header("content-type")?.split(';').next()
    }

    /// What the body says.
    pub(super) fn value(&self) -> Value {
        match self.media_type() {
            Some("application/yaml") => from_yaml(&self.body),
            Some(json) if json.ends_with("json") => serde_json::from_str(&self.body).unwrap(),
            _ => Value::String(self.body.clone()),
        }
    }
}

#[cfg(feature = "yaml")]
fn from_yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[cfg(not(feature = "yaml"))]
fn from_yaml(text: &str) -> Value {
    panic!("there should be no YAML: {text}");
}
