//! Checking signatures against bare libsecp256k1 on the same messages, keys and signatures parsed beforehand or not.
//!
//! `gossip/verify/*` are messages a second through [`VerifyJob::run_all`], on one thread and on two; `gossip/bare/*` are
//! the same signatures through the library alone, on as many threads, in pieces as large.

#![allow(missing_docs, reason = "criterion's macros write functions without docs")]

use std::hint::black_box;

use bitcoin::hashes::{Hash, sha256d};
use bitcoin::secp256k1::ecdsa::Signature;
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use gossip::verify::{Candidate, KeyRing, Subject, VerifyJob};
use primitives::wire::{ChannelAnnouncement, ChannelUpdate, WireMessage};
use primitives::{ChainHash, Direction, ShortChannelId, UnixTime};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use tests::signed::{Author, Ends, Signer};

const MESSAGE_COUNT: u32 = 2000;

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000, n, 0).expect("in range")
}

fn ends(n: u32) -> Ends {
    Ends { one: Author(n % 200), two: Author(200 + n % 300) }
}

/// A signature with all that is needed to check it.
type Triple = (Message, Signature, PublicKey);

fn triple(digest: [u8; 32], signature: &[u8], key: &[u8]) -> Triple {
    let signature = Signature::from_compact(signature).expect("we signed");
    (Message::from_digest(digest), signature, PublicKey::from_slice(key).expect("a point"))
}

/// Updates of 500 nodes: jobs, and their signatures.
fn updates(signer: &Signer) -> (Vec<VerifyJob>, Vec<Triple>) {
    let build = |n: u32| {
        let time = UnixTime::from_secs(1_700_000_000 + n);
        let message = signer.update(scid(n), ends(n), Direction::NodeOneToTwo, time, n);
        let key = signer.node_id(ends(n).one).min(signer.node_id(ends(n).two));
        let digest = sha256d::Hash::hash(&message[2 + ChannelUpdate::SIGNED_FROM..]).to_byte_array();
        let triple = triple(digest, &message[2..66], key.as_bytes());
        let candidate = Candidate::parse(&message, ChainHash::REGTEST).expect("gossip").expect("sound");
        (VerifyJob::update(candidate, key).expect("an update"), triple)
    };
    (0..MESSAGE_COUNT).map(build).unzip()
}

/// Announcements, a quarter as many, for each has four signatures.
fn announcements(signer: &Signer) -> (Vec<VerifyJob>, Vec<Triple>) {
    let (mut jobs, mut triples) = (Vec::new(), Vec::new());
    for n in 0..MESSAGE_COUNT / 4 {
        let message = signer.channel(scid(n), ends(n));
        let announced = ChannelAnnouncement::decode(&message[2..]).expect("sound");
        let digest = sha256d::Hash::hash(&message[2 + ChannelAnnouncement::SIGNED_FROM..]).to_byte_array();
        let keys = [
            announced.node_id_1.as_bytes(),
            announced.node_id_2.as_bytes(),
            &announced.bitcoin_key_1,
            &announced.bitcoin_key_2,
        ];
        for (key, at) in keys.into_iter().zip((2..).step_by(64)) {
            triples.push(triple(digest, &message[at..at + 64], key));
        }
        let candidate = Candidate::parse(&message, ChainHash::REGTEST).expect("gossip").expect("sound");
        assert!(matches!(candidate.subject(), Subject::Channel(_)));
        jobs.extend(VerifyJob::announcement(candidate));
    }
    (jobs, triples)
}

fn verify(criterion: &mut Criterion) {
    let (signer, secp) = (Signer::new(ChainHash::REGTEST), Secp256k1::verification_only());
    let kinds = [("update", updates(&signer)), ("announcement", announcements(&signer))];
    for thread_count in [1, 2] {
        let pool = ThreadPoolBuilder::new().num_threads(thread_count).build().expect("threads");
        for (kind, (jobs, triples)) in &kinds {
            let mut group = criterion.benchmark_group("gossip");
            group.throughput(Throughput::Elements(triples.len() as u64)).sample_size(10);
            let case = |what: &str| format!("{what}/{kind}/{thread_count}");
            group.bench_function(case("bare"), |bencher| {
                bencher.iter(|| {
                    pool.install(|| {
                        triples.par_iter().with_max_len(8).for_each(|(message, signature, key)| {
                            black_box(secp.verify_ecdsa(message, signature, key)).expect("signed");
                        });
                    });
                });
            });
            let ring = KeyRing::default();
            group.bench_function(case("verify"), |bencher| {
                bencher.iter_batched(
                    || jobs.clone(),
                    |jobs| pool.install(|| black_box(VerifyJob::run_all(&secp, &ring, jobs))),
                    BatchSize::LargeInput,
                );
            });
            group.finish();
        }
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
