//! Clients, and answers as text: the code, the headers in their order, the body.

use actix_web::rt;
use actix_web::web::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{Method, Request};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Asks over HTTP/1.1, once.
pub(super) async fn http1<S>(mut stream: S, method: &Method, path: &str) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    let code = line.strip_prefix("HTTP/1.1 ").unwrap();
    let headers = headers.split("\r\n").map(str::to_owned);
    text(&code[..3], headers.collect(), body)
}

/// A connection that speaks HTTP/2.
pub(super) struct Http2(SendRequest<Bytes>);

impl Http2 {
    /// With prior knowledge.
    pub(super) async fn on<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        rt::spawn(async move {
            // It ends with the test, or with what the requests notice.
            let _ = connection.await;
        });
        Self(client)
    }

    pub(super) async fn ask(&mut self, method: &Method, path: &str) -> String {
        let (answer, _) = self.send(method, path).await;
        read(answer).await
    }

    pub(super) async fn ask_with(
        &mut self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> String {
        let (answer, _) = self.send_with(method, path, headers).await;
        read(answer).await
    }

    /// Does not wait for the answer.
    pub(super) async fn send(
        &mut self,
        method: &Method,
        path: &str,
    ) -> (ResponseFuture, SendStream<Bytes>) {
        self.send_with(method, path, &[]).await
    }

    async fn send_with(
        &mut self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (ResponseFuture, SendStream<Bytes>) {
        let uri = format!("https://localhost{path}");
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut client = self.0.clone().ready().await.unwrap();
        client
            .send_request(request.body(()).unwrap(), true)
            .unwrap()
    }
}

async fn read(answer: ResponseFuture) -> String {
    let (head, mut stream) = answer.await.unwrap().into_parts();
    let mut body = Vec::new();
    while let Some(bytes) = stream.data().await {
        let bytes = bytes.unwrap();
        stream.flow_control().release_capacity(bytes.len()).unwrap();
        body.extend(bytes);
    }
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
    let body = String::from_utf8(body).unwrap();
    text(head.status.as_str(), headers.collect(), &body)
}

/// Without the date.
fn text(code: &str, mut headers: Vec<String>, body: &str) -> String {
    headers.retain(|header| !header.starts_with("date: "));
    headers.sort_unstable();
    let headers: String = headers.iter().map(|header| format!("{header}\n")).collect();
    format!("{code}\n{headers}\n{body}")
}
