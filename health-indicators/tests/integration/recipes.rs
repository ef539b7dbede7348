//! The recipes of the documentation, letter for letter, against servers and stand-ins for them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use health_core::{Check, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::probes::told;
use crate::support::{Faults, Probes, Program};

async fn cluster(client: &reqwest::Client, url: &str) -> Outcome {
    let url = format!("{url}/_cluster/health?filter_path=status");
    let answer = match client.get(url).send().await {
        Ok(answer) if answer.status().is_success() => answer.text().await,
        Ok(answer) => return Outcome::unhealthy(format!("HTTP {}", answer.status().as_u16())),
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Outcome::unhealthy("the cluster does not answer").with_error(error),
    };
    match answer.trim() {
        r#"{"status":"green"}"# => Outcome::healthy(),
        r#"{"status":"yellow"}"# => Outcome::degraded("replicas are missing"),
        r#"{"status":"red"}"# => Outcome::unhealthy("data is missing"),
        _ => Outcome::unhealthy("unexpected answer"),
    }
}

async fn bucket(client: &reqwest::Client, url: &str) -> Outcome {
    match client.head(url).send().await {
        Ok(answer) => match answer.status().as_u16() {
            200 | 403 => Outcome::healthy(),
            301 | 307 => Outcome::unhealthy("the bucket lies in another region"),
            404 => Outcome::unhealthy("no such bucket"),
            other => Outcome::unhealthy(format!("HTTP {other}")),
        },
        Err(error) => Outcome::unhealthy("the store does not answer").with_error(error),
    }
}

async fn greeting(server: &str) -> Outcome {
    let mut connection = match TcpStream::connect(server).await {
        Ok(connection) => connection,
        Err(error) => return Outcome::unhealthy("no connection").with_error(error),
    };
    let mut code = [0; 3];
    if let Err(error) = connection.read_exact(&mut code).await {
        return Outcome::unhealthy("closed without a greeting").with_error(error);
    }
    // It may have closed already, which is as good.
    let _gone = connection.write_all(b"QUIT\r\n").await;
    match &code {
        b"220" => Outcome::healthy(),
        b"421" | b"554" => Outcome::unhealthy("it takes no mail"),
        _ => Outcome::unhealthy("unexpected answer"),
    }
}

#[test]
fn what_is_documented_is_what_is_tested() {
    let recipes = include_str!("../../src/docs/recipes.md");
    for name in ["cluster", "bucket", "greeting"] {
        let function = |text: &str| {
            let start = text.find(&format!("async fn {name}(")).unwrap();
            let end = start + text[start..].find("\n}\n").unwrap();
            text[start..end].to_owned()
        };
        assert_eq!(function(recipes), function(include_str!("recipes.rs")));
    }
}

/// What stands in for a server: as soon as it is asked, or at once, it says this and closes.
struct StandIn {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl StandIn {
    async fn that_says(text: &'static str, asked: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut request = [0; 4096];
                if asked {
                    let _read = client.read(&mut request).await;
                }
                let _written = client.write_all(text.as_bytes()).await;
                if !asked {
                    let _goodbye = client.read(&mut request).await;
                }
            }
        });
        Self { address, task }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn closed() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], Program::free_port()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_servers() {
    let mut faults = Faults::of("SMTP (recipe, stand-in)");
    let ask = async |server: SocketAddr| {
        let greeted = move || async move { greeting(&server.to_string()).await };
        told(&Probes::of(Check::new("mail", greeted)).at_once(200).await)
    };
    for (fault, greeting) in [
        ("none", "220 mail.example ESMTP\r\n"),
        (
            "none, greeting of two lines",
            "220-mail.example\r\n220 ESMTP\r\n",
        ),
        ("overloaded", "421 too busy\r\n"),
        ("no mail for us", "554 go away\r\n"),
        ("wrong answer", "HTTP/1.1 400 Bad Request\r\n\r\n"),
    ] {
        let server = StandIn::that_says(greeting, false).await;
        faults.add(fault, &ask(server.address).await, "");
    }
    let waits = StandIn::that_says("", true).await;
    faults.add("no greeting", &ask(waits.address).await, "");
    faults.add("down", &ask(closed()).await, "");
    faults.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_clusters() {
    let mut faults = Faults::of("Elasticsearch (recipe, stand-in)");
    let client = reqwest::Client::new();
    let ask = async |server: SocketAddr| {
        let client = client.clone();
        let url = format!("http://{server}");
        let look = move || {
            let (client, url) = (client.clone(), url.clone());
            async move { cluster(&client, &url).await }
        };
        told(&Probes::of(Check::new("search", look)).at_once(200).await)
    };
    for (fault, answer) in [
        (
            "green",
            "HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"status\":\"green\"}",
        ),
        (
            "yellow",
            "HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{\"status\":\"yellow\"}",
        ),
        (
            "red",
            "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"status\":\"red\"}",
        ),
        (
            "wrong answer",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        ),
        (
            "wrong credentials",
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "no master",
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
        ),
        ("closes each connection at once", ""),
    ] {
        let server = StandIn::that_says(answer, true).await;
        faults.add(fault, &ask(server.address).await, "");
    }
    faults.add("down", &ask(closed()).await, "");
    faults.finish();
}

/// S3 as moto has it: `pip install moto[server]`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets() {
    let unpacked = concat!(
        env!("CARGO_TARGET_TMPDIR"),
        "/../recipes/python/bin/moto_server"
    );
    let unpacked = Some(PathBuf::from(unpacked)).filter(|file| file.is_file());
    let Some(server) = unpacked.or_else(|| Program::find("moto_server")) else {
        return;
    };
    let port = Program::free_port();
    let mut command = Command::new(server);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    let mut store = Program::start(command, port).await;
    let client = reqwest::Client::new();
    let url = format!("http://{}", store.address());
    let made = client.put(format!("{url}/invoices")).send().await;
    assert_eq!(made.unwrap().status().as_u16(), 200);

    let probes = |name: &str| {
        let (client, url) = (client.clone(), format!("{url}/{name}"));
        let look = move || {
            let (client, url) = (client.clone(), url.clone());
            async move { bucket(&client, &url).await }
        };
        Probes::of(Check::new("invoices", look).with_timeout(Duration::from_secs(2)))
    };
    let mut faults = Faults::of("S3 (recipe)");
    let invoices = probes("invoices");
    faults.add("none", &told(&invoices.at_once(200).await), "");
    faults.add("no such bucket", &told(&probes("receipts").one().await), "");
    store.stop();
    faults.add("down", &told(&invoices.at_once(200).await), "");
    faults.finish();
}
