//! Where a request's time goes.
//!
//! ```text
//! socket --wait--> head at hand --read--> question --queue--> thread --search--> answer --write--> its bytes
//! ```
//! Searches that run where they were asked wait in no queue. Bytes are counted of routes and plans, which are written at
//! once; of a batch, the search is that of a chunk.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::{MetricType, TypedMetric};

use super::timings::Timings;

/// A part of the way from a request to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// In the socket, until a thread looks at it.
    Wait,
    /// Its body arrives and is read.
    Read,
    /// Before a thread that searches.
    Queue,
    /// The search, or the scan.
    Search,
    /// The answer is put into bytes.
    Write,
}

/// A histogram of each stage. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Stages(Arc<[Timings; STAGES.len()]>);

impl Stages {
    /// Counts a time.
    pub(super) fn observe(&self, stage: Stage, time: Duration) {
        self.0[stage as usize].observe(time);
    }
}

impl TypedMetric for Stages {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Stages {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, timings) in STAGES.iter().zip(self.0.iter()) {
            timings.encode(encoder.encode_family(&[("stage", *name)])?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

/// In the order of [`Stage`].
const STAGES: [&str; 5] = ["wait", "read", "queue", "search", "write"];
