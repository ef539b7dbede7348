//! Asks a service in one dialect with the client that was generated from its document: what is in
//! its types has to be what the service said. `generated DIALECT ADDRESS`; it panics otherwise.

/// What a call was refused with, and not because the client did not understand the answer.
macro_rules! refused {
    ($client:ident, $call:expr) => {
        match $call.await {
            Err($client::apis::Error::ResponseError(answer)) => answer,
            other => panic!("{other:?}"),
        }
    };
}

/// As what the client understood the body of an answer with that status.
macro_rules! entity {
    ($client:ident, $call:expr, $code:literal, $variant:path) => {{
        let answer = refused!($client, $call);
        assert_eq!(answer.status, $code, "{}", answer.content);
        match answer.entity {
            Some($variant(entity)) => entity,
            other => panic!("{other:?}: {}", answer.content),
        }
    }};
}

mod default_dialect;
mod other_dialects;

use std::env;

use reqwest::Client;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [dialect, address] = &arguments[..] else {
        panic!("use `generated DIALECT ADDRESS`");
    };
    let service = Service {
        address: address.clone(),
        client: Client::new(),
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(ask(dialect, &service));
}

async fn ask(dialect: &str, service: &Service) {
    match dialect {
        "default" => default_dialect::ask(service).await,
        "components" => other_dialects::components(service).await,
        "kubernetes" => other_dialects::kubernetes(service).await,
        "microprofile" => other_dialects::microprofile(service).await,
        "spring" => other_dialects::spring(service).await,
        "aspnet" => other_dialects::aspnet(service).await,
        "ietf" => other_dialects::ietf(service).await,
        unknown => panic!("there is no client of `{unknown}`"),
    }
}

/// The running `dialects`.
struct Service {
    address: String,
    client: Client,
}

impl Service {
    /// What the second check says from now on.
    async fn switch_second(&self, position: &str) {
        let path = format!("{}/demo/second/{position}", self.address);
        let answer = self.client.post(path).send().await.unwrap();
        assert!(answer.status().is_success());
    }
}
