use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rskafka::chrono::DateTime;
use rskafka::client::error::Result;
use rskafka::client::partition::{Compression, PartitionClient};
use rskafka::record::Record;

use super::{partition, words};
use crate::budget::Step;
use crate::failure::Failure;

/// The record is small, but others may lie beside it.
const MOST_BYTES: i32 = 64 * 1024;

/// How long a broker may wait for the record, in milliseconds: it has it already.
const WAIT: i32 = 500;

/// Produces a record and fetches it.
pub(super) async fn made(
    partition: &PartitionClient,
    step: Step,
) -> std::result::Result<Duration, Failure> {
    let marker = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
    let made = step
        .of(there_and_back(partition, marker.into_bytes()))
        .await;
    let (delivered, took) = made.map_err(partition::no_leader)?;
    match delivered.map_err(words::failure)? {
        true => Ok(took),
        false => Err(Failure::new("produced record not delivered")),
    }
}

async fn there_and_back(partition: &PartitionClient, marker: Vec<u8>) -> Result<bool> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let record = Record {
        key: None,
        value: Some(marker.clone()),
        headers: BTreeMap::new(),
        timestamp: DateTime::from_timestamp(now.as_secs().cast_signed(), 0).unwrap_or_default(),
    };
    let compression = Compression::NoCompression;
    let offsets = partition.produce(vec![record], compression).await?;
    let Some(offset) = offsets.first() else {
        return Ok(false);
    };
    let (records, _) = partition
        .fetch_records(*offset, 1..MOST_BYTES, WAIT)
        .await?;
    Ok(records
        .iter()
        .any(|found| found.record.value.as_deref() == Some(&marker)))
}
