//! The examples are such answers as the document tells of.

use health_actix::{Details, Dialect, HealthService, StatusCodes};
use serde_json::Value;

use super::{DIALECTS, two_checks};
use crate::documented::{Document, read};

fn of_each_dialect(see: impl Fn(&str, &Details, &Document)) {
    let health = two_checks();
    for dialect in DIALECTS {
        for details in [Details::status_only(), Details::summary(), Details::full()] {
            for codes in [
                StatusCodes::new(),
                StatusCodes::new().degraded(429).unhealthy(500),
            ] {
                let service = HealthService::new(&health)
                    .dialects([dialect.parse::<Dialect>().unwrap()])
                    .status_codes(codes)
                    .details(details.clone());
                see(dialect, &details, &read(&service.openapi_json()));
            }
        }
    }
}

#[test]
fn every_body_has_an_example_that_is_as_its_schema_says() {
    of_each_dialect(|dialect, details, document| {
        let examples = document.examples();
        assert!(examples.len() > 20, "{dialect}");
        for (schema, example) in examples {
            assert_ne!(*example, Value::Null, "{dialect}: {schema}");
            let refused = document.refuses(schema, example);
            assert_eq!(refused, None, "{dialect} {details:?}: {example}");
        }
    });
}

#[test]
fn examples_name_the_real_checks_to_those_who_may_know_them() {
    of_each_dialect(|dialect, details, document| {
        let texts = document.examples();
        let mut texts = texts.iter().map(|(_, example)| example.to_string());
        let names_one = texts.any(|text| text.contains("database"));
        let may_know = !format!("{details:?}").contains("StatusOnly");
        assert_eq!(names_one, may_know, "{dialect} {details:?}");
    });
}
