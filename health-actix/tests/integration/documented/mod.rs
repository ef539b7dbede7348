//! Every answer of a service that tests talk to is held against what its document says of it, at
//! that moment, to that caller.

mod asked;
mod document;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

use actix_web::Scope;
use health_actix::HealthService;

pub(crate) use self::asked::{Answered, Asked};
pub(crate) use self::document::Document;
use crate::support::{fine, health};

/// What can tell of itself.
pub(crate) trait Documented {
    /// The document that everybody may read.
    fn document(&self) -> Option<String>;
}

impl Documented for HealthService {
    fn document(&self) -> Option<String> {
        Some(self.openapi_json())
    }
}

impl Documented for Scope {
    fn document(&self) -> Option<String> {
        None
    }
}

/// What answers at an address.
struct Served {
    /// Makes the document that everybody may read.
    make: Box<dyn Fn() -> Option<String>>,
    /// Where the document is, if it can be asked for without making a difference.
    place: OnceCell<Option<String>>,
}

thread_local! {
    /// What answers where: a test asks on the thread on which it serves.
    static SERVED: RefCell<HashMap<SocketAddr, Rc<Served>>> = RefCell::default();
    /// What was read last, for it takes long.
    static READ: RefCell<Option<(String, Rc<Document>)>> = RefCell::default();
}

/// From now on, what this address answers is held against the document of this service.
pub(crate) fn note(address: SocketAddr, document: impl Fn() -> Option<String> + 'static) {
    let served = Served {
        make: Box::new(document),
        place: OnceCell::new(),
    };
    SERVED.with_borrow_mut(|all| all.insert(address, Rc::new(served)));
}

/// Makes sure that this answer is one that the document tells of. `ask` asks for the document.
pub(crate) async fn hold(
    address: SocketAddr,
    request: &str,
    answer: &str,
    ask: impl AsyncFn(&str) -> String,
) {
    let served = SERVED.with_borrow(|served| served.get(&address).cloned());
    let (Some(served), Some(asked)) = (served, Asked::by(request)) else {
        return;
    };
    let public = || Some(read(&(served.make)()?));
    let place = served.place.get_or_init(|| public()?.place());
    let text = match place {
        Some(place) => ask(&asked.instead(place)).await,
        None => String::new(),
    };
    let document = match parts(&text) {
        Some(("HTTP/1.1 200 OK", body)) => Some(read(body)),
        // Who is refused it has the public one.
        _ => public(),
    };
    let Some(document) = document else { return };
    let answer = Answered::by(answer);
    if let Err(why) = document.tells_of(&asked, &answer) {
        panic!("not as the document says: {why}: {request} {answer:?}");
    }
}

/// The status line and the body.
fn parts(answer: &str) -> Option<(&str, &str)> {
    let (head, body) = answer.split_once("\n\n")?;
    Some((head.lines().next()?, body))
}

/// What a document says; what was read last is not read again.
pub(crate) fn read(text: &str) -> Rc<Document> {
    let known = READ.with_borrow(|read| match read {
        Some((known, document)) if known == text => Some(Rc::clone(document)),
        _ => None,
    });
    known.unwrap_or_else(|| {
        let document = Rc::new(Document::new(text));
        READ.set(Some((text.to_owned(), Rc::clone(&document))));
        document
    })
}

#[test]
fn what_is_not_as_the_document_says_is_found() {
    let health = health([fine("database")]);
    let document = read(&HealthService::new(&health).openapi_json());
    let good = r#"{"status":"ready","checks":{"database":{"healthy":true}}}"#;
    let tells = |path: &str, code, body: &str, change: fn(&mut Vec<(String, String)>)| {
        let headers = [
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
        ];
        let mut headers: Vec<_> = headers.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        change(&mut headers);
        let body = body.to_owned();
        document.tells_of(
            &Asked::get(path),
            &Answered {
                code,
                headers,
                body,
            },
        )
    };
    let ready = |code, body| tells("/health/ready", code, body, |_| ());
    assert_eq!(ready(200, good), Ok(()));
    assert_eq!(tells("/elsewhere", 404, "", |_| ()), Ok(()));
    let failing = good.replace("ready", "not_ready");
    assert_eq!(ready(503, &failing), Ok(()));
    let check = r#"{"status":"healthy","name":"database"}"#;
    assert_eq!(
        tells("/health/checks/database/", 200, check, |_| ()),
        Ok(())
    );
    for wrong in [
        ready(503, good),
        ready(200, &failing),
        ready(500, good),
        ready(200, ""),
        ready(200, "{}"),
        ready(200, r#"{"status":"ready","since":1}"#),
        ready(
            200,
            r#"{"status":"ready","checks":{"database":{"healthy":1}}}"#,
        ),
        ready(200, r#"{"status":"ready","checks":{"database":{}}}"#),
        ready(
            200,
            r#"{"status":"ready","checks":{"cache":{"healthy":true}}}"#,
        ),
        tells("/elsewhere", 404, "not here", |_| ()),
        tells("/elsewhere", 200, "", |_| ()),
        tells(
            "/health/checks/nobody",
            200,
            &check.replace("database", "nobody"),
            |_| (),
        ),
        tells(
            "/health/checks/database",
            404,
            r#"{"status":"not_found","detail":""}"#,
            |_| (),
        ),
        tells("/health/ready", 200, good, |headers| headers.truncate(1)),
        tells("/health/ready", 200, good, |all| {
            all[0].1 = "text/plain".into();
        }),
        tells("/health/ready", 200, good, |all| {
            all.push(("etag".into(), "1".into()));
        }),
        tells("/health/ready", 503, &failing, |all| {
            all.push(("retry-after".into(), "soon".into()));
        }),
    ] {
        assert_ne!(wrong, Ok(()));
    }
}
