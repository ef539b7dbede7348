use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode as Code, DisconnectReasonCode, Packet, SubscribeReasonCode,
};
use rumqttc::v5::{ConnectionError, Event, StateError};

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
        Packet::SubAck(ack) if !ack.return_codes.iter().all(is_granted) => Heard::Refused,
        _ => Heard::OtherIncoming,
    }
}

fn is_granted(code: &SubscribeReasonCode) -> bool {
    matches!(code, SubscribeReasonCode::Success(_))
}

fn words(error: &ConnectionError) -> &'static str {
    match error {
        ConnectionError::ConnectionRefused(code)
        | ConnectionError::MqttState(StateError::ConnFail { reason: code }) => refused(*code),
        ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, .. }) => {
            disconnected(*reason_code)
        }
        ConnectionError::Timeout(_) => TIMED_OUT,
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

fn refused(code: Code) -> &'static str {
    match code {
        Code::BadUserNamePassword
        | Code::NotAuthorized
        | Code::BadAuthenticationMethod
        | Code::Banned => "credentials rejected",
        Code::BadClientId | Code::ClientIdentifierNotValid => "client identifier rejected",
        Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => {
            "protocol version not accepted"
        }
        Code::ServiceUnavailable | Code::ServerUnavailable | Code::ServerBusy => {
            "the server is not available"
        }
        Code::QuotaExceeded | Code::ConnectionRateExceeded => "too many connections at the server",
        _ => "disconnected",
    }
}

fn disconnected(code: DisconnectReasonCode) -> &'static str {
    match code {
        DisconnectReasonCode::ServerShuttingDown => "the server is starting or stopping",
        DisconnectReasonCode::NotAuthorized => "credentials rejected",
        DisconnectReasonCode::SessionTakenOver => "client identifier taken by another client",
        _ => "disconnected by the server",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rumqttc::v5::mqttbytes::v5::SubAck;
    use rumqttc::v5::mqttbytes::{Error, QoS};

    use super::*;

    #[test]
    fn a_refused_subscription_is_told_from_a_granted_one() {
        let told = |return_codes| {
            let ack = SubAck {
                pkid: 1,
                return_codes,
                properties: None,
            };
            let polled = Ok(Event::Incoming(Packet::SubAck(ack)));
            format!("{:?}", polled.news())
        };
        let granted = SubscribeReasonCode::Success(QoS::AtMostOnce);
        assert_eq!(told(vec![granted]), "News(OtherIncoming)");
        let codes = vec![SubscribeReasonCode::NotAuthorized];
        assert_eq!(told(codes), "News(Refused)");
    }

    #[test]
    fn errors_have_words() {
        let stops = StateError::ServerDisconnect {
            reason_code: DisconnectReasonCode::ServerShuttingDown,
            reason_string: None,
        };
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        for (error, words) in [
            (
                ConnectionError::ConnectionRefused(Code::NotAuthorized),
                "credentials rejected",
            ),
            (
                ConnectionError::ConnectionRefused(Code::ConnectionRateExceeded),
                "too many connections at the server",
            ),
            (stops.into(), "the server is starting or stopping"),
            (StateError::ConnectionAborted.into(), CLOSED),
            (StateError::Deserialization(reset.into()).into(), CLOSED),
            (
                StateError::Deserialization(Error::MalformedPacket).into(),
                "unexpected answer",
            ),
        ] {
            assert_eq!(self::words(&error), words, "{error}");
        }
    }
}
