//! What a document says of an answer.

use serde_json::{Value, json};

use super::asked::{Answered, Asked, decoded};
use crate::dialects::schema::Schema;

/// What HTTP has of itself.
const OF_HTTP: [&str; 5] = [
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
    "date",
];

/// What need not be there, where it is told of.
const OPTIONAL: [&str; 2] = ["retry-after", "x-envoy-degraded"];

/// A document, as its reader has it.
pub(crate) struct Document(Schema);

impl Document {
    pub(super) fn new(text: &str) -> Self {
        Self(Schema(serde_json::from_str(text).unwrap()))
    }

    fn value(&self) -> &Value {
        &self.0.0
    }

    fn paths(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.value()["paths"].as_object().unwrap().iter()
    }

    /// Where it is itself, unless those who ask for it are counted.
    pub(super) fn place(&self) -> Option<String> {
        let (path, item) = self
            .paths()
            .find(|(path, _)| path.ends_with("/openapi.json"))?;
        let is_limited = item["get"]["responses"].get("429").is_some();
        (!is_limited).then(|| path.clone())
    }

    /// Whether it says that this may be the answer.
    pub(crate) fn tells_of(&self, asked: &Asked<'_>, answer: &Answered) -> Result<(), String> {
        let Some((item, parameter)) = self.item(&asked.path) else {
            // The application has an answer of its own for what is nowhere, and HTTP for nonsense.
            let is_none = matches!(answer.code, 400 | 404) && answer.body.is_empty();
            return is_none
                .then_some(())
                .ok_or("nothing is told of the path".to_owned());
        };
        let own = item.get(asked.method.to_lowercase());
        let response = match own {
            Some(operation) => {
                names(operation, parameter.as_deref(), answer.code)?;
                credentials(self.value(), operation, asked, answer.code)?;
                &operation["responses"][answer.code.to_string()]
            }
            None if answer.code == 405 => &item["get"]["responses"]["405"],
            None => &Value::Null,
        };
        if !response.is_object() {
            return Err(format!("nothing is told of {}", answer.code));
        }
        headers(response, answer)?;
        self.body(&response["content"], answer)
    }

    /// What is told of a path, and what stands there for its parameter.
    fn item(&self, path: &str) -> Option<(&Value, Option<String>)> {
        let bare = path.strip_suffix('/').filter(|path| !path.is_empty());
        let asked: Vec<_> = bare.unwrap_or(path).split('/').map(decoded).collect();
        let is_it = |own: &str| own.split('/').map(decoded).eq(asked.iter().cloned());
        let plain = self.paths().find(|(own, _)| is_it(own));
        let plain = plain.map(|(_, item)| (item, None));
        plain.or_else(|| {
            self.paths()
                .find_map(|(own, item)| Some((item, Some(parameter(own, &asked)?))))
        })
    }

    fn body(&self, content: &Value, answer: &Answered) -> Result<(), String> {
        if answer.body.is_empty() {
            return match content {
                Value::Null => Ok(()),
                _ => Err("a body is told of".to_owned()),
            };
        }
        let media_type = answer.media_type().ok_or("there is no media type")?;
        let content = content.get(media_type);
        let content = content.ok_or(format!("nothing is told of {media_type}"))?;
        let refused = self.0.refuses_strictly(&content["schema"], &answer.value());
        refused.map_or(Ok(()), Err)
    }
}

impl Document {
    /// The examples, each with the schema beside it.
    pub(crate) fn examples(&self) -> Vec<(&Value, &Value)> {
        let items = self.paths().filter_map(|(_, item)| item.as_object());
        let responses = items
            .flat_map(|item| item.values())
            .filter_map(|it| it["responses"].as_object());
        let contents = responses
            .flat_map(|all| all.values())
            .filter_map(|it| it["content"].as_object());
        contents
            .flat_map(|all| all.values())
            .map(|content| (&content["schema"], &content["example"]))
            .collect()
    }

    /// What of the value is not as the schema, which is one of the document's, says.
    pub(crate) fn refuses(&self, schema: &Value, value: &Value) -> Option<String> {
        self.0.refuses_strictly(schema, value)
    }
}

/// What stands for the parameter of a path, if these are segments of such a path.
fn parameter(own: &str, asked: &[String]) -> Option<String> {
    let (before, name) = own.split_once("/{")?;
    let before: Vec<_> = before.split('/').collect();
    let (known, rest) = asked.split_at_checked(before.len())?;
    // As the rest of a path, this one alone has slashes, which OpenAPI cannot say.
    let is_one = name == "path}" || rest.len() == 1;
    let value = rest.join("/");
    (known == before && is_one && !value.is_empty()).then_some(value)
}

/// Whether what has one of the names that a path may have is there, and nothing else.
fn names(operation: &Value, named: Option<&str>, code: u16) -> Result<(), String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let mut of_path = parameters.filter(|parameter| parameter["in"] == "path");
    let known = of_path.find_map(|parameter| parameter["schema"]["enum"].as_array());
    let (Some(known), Some(named)) = (known, named) else {
        return Ok(());
    };
    let is_known = known.contains(&json!(named));
    match code {
        404 if is_known => Err(format!("`{named}` is said to be there")),
        200 | 503 if !is_known => Err(format!("nothing is told of `{named}`")),
        _ => Ok(()),
    }
}

/// Whether nobody is answered who brings less than is said to be needed.
fn credentials(
    document: &Value,
    operation: &Value,
    asked: &Asked<'_>,
    code: u16,
) -> Result<(), String> {
    let ways = operation["security"].as_array().into_iter().flatten();
    let mut ways = ways.filter_map(Value::as_object).peekable();
    let schemes = &document["components"]["securitySchemes"];
    let brings = |name: &String| {
        let header = schemes[name]["name"].as_str().unwrap_or("authorization");
        asked.brings(header)
    };
    if code != 200 || ways.peek().is_none() || ways.any(|way| way.keys().all(brings)) {
        return Ok(());
    }
    Err("credentials are said to be needed".to_owned())
}

/// Whether all headers are told of, and all that are told of are there.
fn headers(response: &Value, answer: &Answered) -> Result<(), String> {
    let told = response["headers"].as_object();
    let told: Vec<_> = told.into_iter().flatten().collect();
    for (name, value) in &answer.headers {
        let own = told.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        let Some((_, header)) = own else {
            if OF_HTTP.contains(&name.as_str()) {
                continue;
            }
            return Err(format!("nothing is told of the header `{name}`"));
        };
        let value = match &header["schema"]["type"] {
            Value::String(whole) if whole == "integer" => json!(value.parse::<u64>().ok()),
            _ => json!(value),
        };
        let schema = Schema(Value::Null);
        if let Some(why) = schema.refuses_strictly(&header["schema"], &value) {
            return Err(format!("the header `{name}`: {why}"));
        }
    }
    for (name, _) in told {
        let is_there = answer.header(name).is_some();
        if !is_there && !OPTIONAL.contains(&name.to_lowercase().as_str()) {
            return Err(format!("there is no header `{name}`"));
        }
    }
    Ok(())
}
