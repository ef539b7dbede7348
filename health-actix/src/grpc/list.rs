//! The messages of `List`, which tonic-health does not know yet.
//!
//! Source: grpc/health/v1/health.proto of github.com/grpc/grpc-proto.

use std::collections::BTreeMap;

use prost::Message;
use tonic_health::pb::HealthCheckResponse;

/// The path of `List`.
pub(super) const LIST: &str = "/grpc.health.v1.Health/List";

/// `HealthListRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct ListRequest {}

/// `HealthListResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct ListResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(super) statuses: BTreeMap<String, HealthCheckResponse>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_the_protocol_says() {
        let statuses = [("", 1), ("ab", 2)];
        let statuses = statuses.map(|(name, status)| (name.into(), HealthCheckResponse { status }));
        let list = ListResponse {
            statuses: statuses.into(),
        };
        // A map is a repeated message of a key, field 1, and a value, field 2; what is empty may be
        // left out.
        let empty_name = [0x0a, 4, 0x12, 2, 0x08, 1];
        let ab = [0x0a, 8, 0x0a, 2, b'a', b'b', 0x12, 2, 0x08, 2];
        assert_eq!(list.encode_to_vec(), [&empty_name[..], &ab].concat());
        assert_eq!(ListResponse::decode(&*list.encode_to_vec()), Ok(list));
        assert_eq!(ListRequest {}.encode_to_vec(), [0; 0]);
    }
}
