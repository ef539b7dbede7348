use rumqttc::{ConnectReturnCode, ConnectionError, Event, Packet, StateError, SubscribeReasonCode};

use super::known::{Down, Heard};
use super::{ENDED, NO_PING, News, Polled, TIMED_OUT, UNEXPECTED, otherwise};
use crate::failure::{CLOSED, in_words};

impl Polled for Result<Event, ConnectionError> {
    fn news(&self) -> News<'_> {
        News(match self {
            Ok(Event::Incoming(packet)) => incoming(packet),
            Ok(Event::Outgoing(_)) => Heard::Outgoing,
            Err(error) => Heard::Failed(Down {
                words: words(error),
                said: error.to_string(),
            }),
        })
    }
}

fn incoming(packet: &Packet) -> Heard<'_> {
    match packet {
        Packet::ConnAck(_) => Heard::Connected,
        Packet::Publish(message) => Heard::Message(&message.payload),
        Packet::SubAck(ack) if ack.return_codes.contains(&SubscribeReasonCode::Failure) => {
            Heard::Refused
        }
        _ => Heard::OtherIncoming,
    }
}

fn words(error: &ConnectionError) -> &'static str {
    match error {
        ConnectionError::ConnectionRefused(code) => refused(*code),
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => TIMED_OUT,
        ConnectionError::NotConnAck(_) => UNEXPECTED,
        ConnectionError::MqttState(StateError::Deserialization(error)) => {
            in_words(error).unwrap_or(UNEXPECTED)
        }
        ConnectionError::MqttState(StateError::AwaitPingResp) => NO_PING,
        ConnectionError::MqttState(StateError::ConnectionAborted) => CLOSED,
        ConnectionError::RequestsDone => ENDED,
        other => in_words(other).unwrap_or_else(|| otherwise(&other.to_string())),
    }
}

fn refused(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
            "credentials rejected"
        }
        ConnectReturnCode::BadClientId => "client identifier rejected",
        ConnectReturnCode::RefusedProtocolVersion => "protocol version not accepted",
        ConnectReturnCode::ServiceUnavailable => "the server is not available",
        ConnectReturnCode::Success => "disconnected",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rumqttc::{Error, QoS, SubAck};

    use super::*;

    #[test]
    fn a_refused_subscription_is_told_from_a_granted_one() {
        let granted = SubscribeReasonCode::Success(QoS::AtMostOnce);
        let told = |codes| {
            let polled = Ok(Event::Incoming(Packet::SubAck(SubAck::new(1, codes))));
            format!("{:?}", polled.news())
        };
        assert_eq!(told(vec![granted]), "News(OtherIncoming)");
        let codes = vec![granted, SubscribeReasonCode::Failure];
        assert_eq!(told(codes), "News(Refused)");
    }

    #[test]
    fn errors_have_words() {
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        for (error, words) in [
            (
                ConnectionError::ConnectionRefused(ConnectReturnCode::BadClientId),
                "client identifier rejected",
            ),
            (
                ConnectionError::ConnectionRefused(ConnectReturnCode::ServiceUnavailable),
                "the server is not available",
            ),
            (StateError::Deserialization(reset.into()).into(), CLOSED),
            (
                StateError::Deserialization(Error::MalformedPacket).into(),
                "unexpected answer",
            ),
            (ConnectionError::NetworkTimeout, "connection timed out"),
            (StateError::InvalidState.into(), "disconnected"),
            (
                StateError::AwaitPingResp.into(),
                "connected, but pings are not answered",
            ),
        ] {
            assert_eq!(self::words(&error), words, "{error}");
        }
    }
}
