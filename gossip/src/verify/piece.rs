//! Work for one thread, on its way from the core and back to it.

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};

use super::job::{SignatureError, VerifiedGossip, VerifyJob};
use super::keys::KeyRing;

/// Messages whose signatures one thread checks.
#[derive(Debug)]
pub struct VerifyPiece {
    number: u64,
    jobs: Vec<VerifyJob>,
}

/// What became of them.
#[derive(Debug)]
pub struct CheckedPiece {
    number: u64,
    results: Vec<Result<VerifiedGossip, SignatureError>>,
}

impl VerifyPiece {
    /// A piece with a name of its own among those that are under way.
    pub const fn new(number: u64, jobs: Vec<VerifyJob>) -> Self {
        VerifyPiece { number, jobs }
    }

    /// What is to be checked.
    pub fn jobs(&self) -> &[VerifyJob] {
        &self.jobs
    }

    /// Checks them on the calling thread. Keys of nodes that signed rightly join the ring.
    pub fn run(self, secp: &Secp256k1<VerifyOnly>, keys: &KeyRing) -> CheckedPiece {
        let mut learnt = Vec::new();
        let check = |job: VerifyJob| {
            job.run(secp, keys).map(|(gossip, points)| {
                learnt.extend(points.into_iter().flatten());
                gossip
            })
        };
        let results = self.jobs.into_iter().map(check).collect();
        keys.extend(learnt);
        CheckedPiece { number: self.number, results }
    }
}

impl CheckedPiece {
    /// How many messages are signed rightly.
    pub fn right_count(&self) -> usize {
        self.results.iter().filter(|result| result.is_ok()).count()
    }

    pub(crate) fn into_parts(self) -> (u64, Vec<Result<VerifiedGossip, SignatureError>>) {
        (self.number, self.results)
    }
}
