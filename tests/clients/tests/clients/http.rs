//! HTTP/1.1 of a client that asks once and hangs up.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The longest line of a head, in bytes.
const LINE: u64 = 64 << 10;

/// An answer, whose body is yet to be read.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) code: u16,
    headers: Vec<(String, String)>,
    reader: BufReader<Timed>,
}

/// Asks for a path and returns the code and the body.
pub(crate) fn get(
    address: SocketAddr,
    path: &str,
    user_agent: &str,
    timeout: Duration,
) -> io::Result<(u16, String)> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {user_agent}\r\n\
         Connection: close\r\n\r\n"
    );
    let response = send(address, &request, Instant::now() + timeout)?;
    let code = response.code;
    let body = response.body(usize::MAX)?;
    Ok((code, String::from_utf8_lossy(&body).into_owned()))
}

/// Sends a request and reads the head of the answer. Whatever is not there at the deadline, of the
/// head or of the body, is an error of the kind `TimedOut`.
pub(crate) fn send(address: SocketAddr, request: &str, deadline: Instant) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream.write_all(request.as_bytes())?;
    let mut reader = BufReader::new(Timed { stream, deadline });
    loop {
        let (code, headers) = head(&mut reader)?;
        // Such as 100: another head follows.
        if !(100..200).contains(&code) {
            return Ok(Response {
                code,
                headers,
                reader,
            });
        }
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Reads the body, but no more of it than this.
    pub(crate) fn body(mut self, most: usize) -> io::Result<Vec<u8>> {
        if matches!(self.code, 204 | 304) {
            return Ok(Vec::new());
        }
        let chunked = self.header("transfer-encoding") == Some("chunked");
        let length = self.header("content-length").map(str::parse);
        let mut body = Vec::new();
        match length {
            _ if chunked => read_chunks(&mut self.reader, most, &mut body)?,
            Some(length) => {
                let length: usize = length.map_err(|_| invalid("content-length"))?;
                read(&mut self.reader, length.min(most), &mut body)?;
            }
            None => {
                self.reader.take(most as u64).read_to_end(&mut body)?;
            }
        }
        Ok(body)
    }
}

type Head = (u16, Vec<(String, String)>);

fn head(reader: &mut impl BufRead) -> io::Result<Head> {
    let status = line(reader)?;
    let code = match status.split(' ').collect::<Vec<_>>()[..] {
        [version, code, ..] if version.starts_with("HTTP/1.") => code.parse().ok(),
        _ => None,
    };
    let code = code.ok_or_else(|| invalid(&status))?;
    let mut headers = Vec::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            return Ok((code, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid(&line))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn read_chunks(reader: &mut impl BufRead, most: usize, body: &mut Vec<u8>) -> io::Result<()> {
    while body.len() < most {
        let size = line(reader)?;
        let digits = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).map_err(|_| invalid(&size))?;
        if size == 0 {
            break;
        }
        read(reader, size.min(most - body.len()), body)?;
        if body.len() < most {
            line(reader)?;
        }
    }
    Ok(())
}

/// Reads exactly as much.
fn read(reader: &mut impl BufRead, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
    let begin = body.len();
    reader.take(length as u64).read_to_end(body)?;
    if body.len() - begin < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// A line without its end.
fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.take(LINE).read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.trim_end_matches('\r').to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP: {text:?}"))
}

/// What is left until then; nothing is an error.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// A stream that is read until a deadline: a timeout of the stream itself would begin anew with
/// each byte.
#[derive(Debug)]
struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        let read = self.stream.read(buffer);
        read.map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
            _ => error,
        })
    }
}
