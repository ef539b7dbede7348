use rumqttc::QoS;
use rumqttc::v5::mqttbytes::QoS as QoS5;

use crate::failure::Failure;

/// An `AsyncClient` of rumqttc, of either version of the protocol.
#[derive(Clone, Debug)]
pub struct Client(Version);

#[derive(Clone, Debug)]
enum Version {
    V4(rumqttc::AsyncClient),
    V5(rumqttc::v5::AsyncClient),
}

impl Client {
    /// Waits for a place in the client's queue.
    pub(super) async fn subscribe(&self, topic: &str) -> Result<(), Failure> {
        match &self.0 {
            Version::V4(client) => client
                .subscribe(topic, QoS::AtMostOnce)
                .await
                .map_err(|error| not_taken(topic, error)),
            Version::V5(client) => client
                .subscribe(topic, QoS5::AtMostOnce)
                .await
                .map_err(|error| not_taken(topic, error)),
        }
    }

    /// Waits for a place in the client's queue.
    pub(super) async fn publish(&self, topic: &str, payload: String) -> Result<(), Failure> {
        match &self.0 {
            Version::V4(client) => client
                .publish(topic, QoS::AtMostOnce, false, payload)
                .await
                .map_err(|error| not_taken(topic, error)),
            Version::V5(client) => client
                .publish(topic, QoS5::AtMostOnce, false, payload)
                .await
                .map_err(|error| not_taken(topic, error)),
        }
    }
}

impl From<rumqttc::AsyncClient> for Client {
    fn from(client: rumqttc::AsyncClient) -> Self {
        Self(Version::V4(client))
    }
}

impl From<rumqttc::v5::AsyncClient> for Client {
    fn from(client: rumqttc::v5::AsyncClient) -> Self {
        Self(Version::V5(client))
    }
}

/// It has the same error for a topic that is none.
fn not_taken(topic: &str, error: impl Into<crate::failure::BoxError>) -> Failure {
    match rumqttc::valid_topic(topic) && rumqttc::valid_filter(topic) {
        true => Failure::because("event loop ended", error),
        false => Failure::because("invalid topic", error),
    }
}
