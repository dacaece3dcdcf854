//! Messages of one peer on their way to the core, those of one read of the socket together.

use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;

/// Messages one behind the other, with their ends. Room for their bytes is held until it is dropped.
#[derive(Debug)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    permit: Option<OwnedSemaphorePermit>,
    read_at: Instant,
}

impl Batch {
    pub(super) fn new(read_at: Instant) -> Self {
        Batch { bytes: Vec::new(), ends: Vec::new(), permit: None, read_at }
    }

    pub(super) fn push(&mut self, message: &[u8]) {
        self.bytes.extend_from_slice(message);
        self.ends.push(self.bytes.len());
    }

    /// Keeps the room that was found for it.
    pub(super) fn hold(&mut self, permit: OwnedSemaphorePermit) {
        self.permit = Some(permit);
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &[u8]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// When the last of its bytes were read.
    pub(super) fn read_at(&self) -> Instant {
        self.read_at
    }
}
