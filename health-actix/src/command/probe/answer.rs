//! An answer of HTTP/1, of whom nothing good is known.
//!
//! Source: RFC 9112, sections 2 to 7.

use std::io::{self, BufRead, Read};

/// An answer, as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: u16,
    /// What was read of it.
    pub(super) body: Vec<u8>,
}

/// It does not speak HTTP/1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invalid;

/// The longest heads that are read, those before the last included, in bytes.
const LONGEST_HEAD: u64 = 16 << 10;

/// How much is read of a body, in bytes; what is longer is not read to its end.
const LONGEST_BODY: u64 = 64 << 10;

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Known(u64),
    Chunked,
    /// Where the connection does.
    Open,
}

impl Answer {
    pub(super) fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let mut heads = reader.by_ref().take(LONGEST_HEAD);
        let (code, length) = loop {
            let (code, length) = head(&mut heads)?;
            match code {
                101 => return Err(Invalid.into()),
                // Another one follows.
                100..200 => {}
                _ => break (code, length),
            }
        };
        let mut body = Vec::new();
        match length {
            _ if matches!(code, 204 | 304) => {}
            Length::Known(length) => read_exactly(reader, length.min(LONGEST_BODY), &mut body)?,
            Length::Chunked => read_chunks(reader, &mut body)?,
            Length::Open => {
                reader.take(LONGEST_BODY).read_to_end(&mut body)?;
            }
        }
        Ok(Self { code, body })
    }
}

/// The code, and where the body ends.
fn head(reader: &mut impl BufRead) -> io::Result<(u16, Length)> {
    let code = code(&line(reader)?).ok_or(Invalid)?;
    let (mut chunked, mut known) = (false, None);
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|c| *c == b':').ok_or(Invalid)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Invalid.into());
            }
            chunked = true;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let length = Some(number(value, 10).ok_or(Invalid)?);
            if known.is_some() && known != length {
                return Err(Invalid.into());
            }
            known = length;
        }
    }
    let length = known.map_or(Length::Open, Length::Known);
    Ok((code, if chunked { Length::Chunked } else { length }))
}

/// The code of a status line.
fn code(line: &[u8]) -> Option<u16> {
    let rest = line
        .strip_prefix(b"HTTP/1.0 ")
        .or(line.strip_prefix(b"HTTP/1.1 "))?;
    let (code, reason) = rest.split_at_checked(3)?;
    let code = u16::try_from(number(code, 10)?).ok()?;
    let ends = reason.first().is_none_or(|next| *next == b' ');
    (ends && (100..600).contains(&code)).then_some(code)
}

/// Digits, and nothing else.
fn number(text: &[u8], radix: u32) -> Option<u64> {
    let is_digit = |c: &u8| char::from(*c).is_digit(radix);
    let text = Some(text).filter(|text| text.iter().all(is_digit))?;
    u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    let mut room = LONGEST_BODY;
    while room > 0 {
        let line = limited_line(reader)?;
        let size = line.split(|c| *c == b';').next().unwrap_or_default();
        let size = number(size.trim_ascii(), 16).ok_or(Invalid)?;
        if size == 0 {
            // What follows are trailers, which say nothing here.
            return Ok(());
        }
        let taken = size.min(room);
        read_exactly(reader, taken, body)?;
        room -= taken;
        if room > 0 && !limited_line(reader)?.is_empty() {
            return Err(Invalid.into());
        }
    }
    Ok(())
}

fn read_exactly(reader: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    let read = reader.take(length).read_to_end(body)?;
    if u64::try_from(read).ok() == Some(length) {
        return Ok(());
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn limited_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    line(&mut reader.take(LONGEST_HEAD))
}

/// A line without its end, of what is left of a limit.
fn line<R: BufRead>(reader: &mut R) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}
