//! The two messages of `grpc.health.v1.Health/Check` in the wire format of protocol buffers: each
//! has one field, of the number 1.

use std::error::Error;
use std::fmt;

use bytes::{Buf, BufMut};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// The field 1, a text; and the field 1, a number.
const SERVICE: u8 = 1 << 3 | LENGTH;
const STATUS: u64 = 1 << 3 | VARINT as u64;

const VARINT: u8 = 0;
const EIGHT_BYTES: u8 = 1;
const LENGTH: u8 = 2;
const FOUR_BYTES: u8 = 5;

/// More than any answer has.
pub(super) const LONGEST_ANSWER: usize = 4096;

/// What is said of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Unknown,
    Serving,
    NotServing,
    ServiceUnknown,
}

impl Health {
    /// Numbers of later versions say nothing to this one.
    fn of(number: u64) -> Self {
        match number {
            1 => Self::Serving,
            2 => Self::NotServing,
            3 => Self::ServiceUnknown,
            _ => Self::Unknown,
        }
    }
}

/// An answer is no `HealthCheckResponse`.
#[derive(Debug)]
pub(super) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed HealthCheckResponse")
    }
}

impl Error for Malformed {}

/// Encodes the name of a service, and decodes what is said of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct HealthCodec;

impl Codec for HealthCodec {
    type Encode = String;
    type Decode = Health;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for HealthCodec {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, service: String, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        put_service(&service, to);
        Ok(())
    }
}

impl Decoder for HealthCodec {
    type Item = Health;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Health>, Status> {
        let message = from.copy_to_bytes(from.remaining());
        let malformed = || Status::from_error(Malformed.into());
        health(&message).map(Some).ok_or_else(malformed)
    }
}

fn put_service(service: &str, to: &mut impl BufMut) {
    if !service.is_empty() {
        to.put_u8(SERVICE);
        put_varint(service.len(), to);
        to.put_slice(service.as_bytes());
    }
}

fn put_varint(mut number: usize, to: &mut impl BufMut) {
    while number > 0x7f {
        to.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    to.put_u8(number as u8);
}

/// The last status of a message, as protocol buffers have it, whatever else is there.
fn health(mut message: &[u8]) -> Option<Health> {
    let mut status = 0;
    while !message.is_empty() {
        match take_varint(&mut message)? {
            STATUS => status = take_varint(&mut message)?,
            other => skip(other, &mut message)?,
        }
    }
    Some(Health::of(status))
}

fn skip(key: u64, message: &mut &[u8]) -> Option<()> {
    let length = match (key & 7) as u8 {
        VARINT => return take_varint(message).map(drop),
        EIGHT_BYTES => 8,
        LENGTH => usize::try_from(take_varint(message)?).ok()?,
        FOUR_BYTES => 4,
        _ => return None,
    };
    *message = message.get(length..)?;
    Some(())
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_what_protocol_buffers_say() {
        let encoded = |service: &str| {
            let mut to = Vec::new();
            put_service(service, &mut to);
            to
        };
        assert_eq!(encoded(""), b"");
        assert_eq!(encoded("a.B"), b"\x0a\x03a.B");
        let long = "x".repeat(300);
        assert_eq!(encoded(&long)[..3], [0x0a, 0xac, 0x02]);
        assert_eq!(&encoded(&long)[3..], long.as_bytes());
    }

    #[test]
    fn answers_are_understood() {
        assert_eq!(health(b""), Some(Health::Unknown));
        assert_eq!(health(b"\x08\x01"), Some(Health::Serving));
        assert_eq!(health(b"\x08\x02"), Some(Health::NotServing));
        assert_eq!(health(b"\x08\x03"), Some(Health::ServiceUnknown));
        assert_eq!(health(b"\x08\x81\x00"), Some(Health::Serving));
        assert_eq!(health(b"\x08\x2a"), Some(Health::Unknown));
        let negative = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(health(negative), Some(Health::Unknown));
    }

    #[test]
    fn fields_of_other_versions_are_passed_over() {
        let message = b"\x10\x96\x01\x19\0\0\0\0\0\0\0\0\x22\x02hi\x2d\0\0\0\0\x08\x01";
        assert_eq!(health(message), Some(Health::Serving));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for bad in [
            &b"\x08"[..],
            b"\x08\x80",
            b"\x0a\x05hi",
            b"\x19\0\0",
            b"\x2d\0",
            b"\x0b",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert_eq!(health(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let _some = health(&[first, second, 0x80, first, second]);
            }
        }
    }
}
