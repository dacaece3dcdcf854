//! Merkle proofs and whole blocks of anybody, checked against the headers that they bring along.
#![no_main]

use bitcoin::consensus::encode::deserialize;
use bitcoin::{Block, Network};
use gossip::funding::{HeaderChain, MerkleProof, spent_outputs};
use libfuzzer_sys::fuzz_target;
use primitives::{BlockHeight, ShortChannelId, UnixTime};

fuzz_target!(|bytes: &[u8]| {
    let [size, place, bytes @ ..] = bytes else { return };
    let mut chain = HeaderChain::from_genesis(Network::Regtest);
    if let Some(Ok(header)) = bytes.get(..80).map(deserialize) {
        let _ = chain.connect(&[header], UnixTime::from_secs(u32::MAX));
    }
    if let Ok(block) = deserialize::<Block>(bytes) {
        let _ = spent_outputs(&block, BlockHeight::from_u32(1), &chain);
    }
    let Some((tree, transaction)) = bytes.split_at_checked(80 + usize::from(*size)) else { return };
    let Ok(proof) = MerkleProof::decode(tree, transaction) else { return };
    let [again, raw] = proof.encode();
    assert_eq!(MerkleProof::decode(&again, &raw), Ok(proof.clone()));
    if let Some(id) = ShortChannelId::from_parts(1, u32::from(*place), 0) {
        let _ = proof.output(id, &chain);
    }
});
