use bitcoin::hashes::Hash;
use bitcoin::{CompactTarget, TxMerkleNode};

use super::*;

const NOW: UnixTime = UnixTime::from_secs(u32::MAX);

/// A header with the least nonce that meets its target, or misses it.
fn with_nonce(mut header: Header, is_met: bool) -> Header {
    while header.target().is_met_by(header.block_hash()) != is_met {
        header.nonce += 1;
    }
    header
}

/// Regtest's target, which every second hash meets.
fn mined(parent: &Header, time: u32, root: u8) -> Header {
    let header = Header {
        version: bitcoin::block::Version::ONE,
        prev_blockhash: parent.block_hash(),
        merkle_root: TxMerkleNode::from_byte_array([root; 32]),
        time,
        bits: parent.bits,
        nonce: 0,
    };
    with_nonce(header, true)
}

fn at(height: u32) -> BlockHeight {
    BlockHeight::from_u32(height)
}

fn chain() -> HeaderChain {
    HeaderChain::from_genesis(Network::Regtest)
}

fn extension(chain: &HeaderChain, from: u32, count: u32, root: u8) -> Vec<Header> {
    let mut parent = *chain.header(at(from)).expect("there");
    let mut branch = Vec::new();
    for _ in 0..count {
        parent = mined(&parent, parent.time + 600, root);
        branch.push(parent);
    }
    branch
}

#[test]
fn more_work_holds_and_less_changes_nothing() {
    let mut chain = chain();
    let main = extension(&chain, 0, 20, 1);
    assert_eq!(chain.connect(&main, NOW), Ok(Some(at(0))));
    assert_eq!(chain.tip(), at(20));
    let equal = extension(&chain, 15, 5, 2);
    assert_eq!(chain.connect(&equal, NOW), Ok(None));
    assert_eq!(chain.block_hash(at(20)), Some(main[19].block_hash()));
    let longer = extension(&chain, 15, 6, 2);
    assert_eq!(chain.connect(&longer, NOW), Ok(Some(at(15))));
    assert_eq!(chain.tip(), at(21));
    assert_eq!(chain.header(at(16)), Some(&longer[0]));
    assert_eq!(chain.connect(&[], NOW), Ok(None));
    let each = chain.header(at(0)).expect("there").work();
    assert_eq!(chain.work, (1..22).fold(each, |sum, _| sum + each));
}

#[test]
fn broken_rules_are_named_and_change_nothing() {
    let mut chain = chain();
    chain.connect(&extension(&chain, 0, 20, 1), NOW).expect("sound");
    let sound = extension(&chain, 20, 3, 3);
    let tip = *chain.header(chain.tip()).expect("the tip");
    let mut orphan = sound.clone();
    orphan[1] = sound[2];
    assert!(matches!(chain.connect(&orphan, NOW), Err(HeaderError::Orphan { .. })));
    let early = mined(&tip, tip.time - 6 * 600, 3);
    assert_eq!(chain.connect(&[early], NOW), Err(HeaderError::Time { height: 21 }));
    let then = UnixTime::from_secs(sound[1].time - FUTURE_SECS_MAX);
    assert_eq!(chain.connect(&sound, then), Err(HeaderError::Future { height: 23 }));
    let mut easy = sound[0];
    easy.bits = CompactTarget::from_consensus(easy.bits.to_consensus() + 1);
    assert_eq!(chain.connect(&[easy], NOW), Err(HeaderError::Target { height: 21 }));
    let idle = with_nonce(sound[0], false);
    assert_eq!(chain.connect(&[idle], NOW), Err(HeaderError::Work { height: 21 }));
    assert_eq!(chain.tip(), at(20));
    assert_eq!(chain.connect(&sound, NOW), Ok(Some(at(20))));
}

#[test]
fn anchors_begin_a_period_and_meet_their_target() {
    let params = Params::new(Network::Bitcoin);
    let header = bitcoin::constants::genesis_block(&params).header;
    let new = |height, header| {
        HeaderChain::new(Params::new(Network::Bitcoin), Anchor { height: at(height), header }).err()
    };
    assert_eq!(new(2016, header), None);
    assert_eq!(new(2015, header), Some(HeaderError::Anchor { height: 2015 }));
    let idle = Header { nonce: 1, ..header };
    assert_eq!(new(2016, idle), Some(HeaderError::Work { height: 2016 }));
}

#[test]
fn the_first_headers_of_mainnet_prove_nothing() {
    // Block 1 of mainnet.
    let mut chain = HeaderChain::from_genesis(Network::Bitcoin);
    let root = "0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098";
    let first = Header {
        version: bitcoin::block::Version::ONE,
        prev_blockhash: chain.block_hash(at(0)).expect("genesis"),
        merkle_root: root.parse().expect("a hash"),
        time: 1_231_469_665,
        bits: CompactTarget::from_consensus(0x1d00_ffff),
        nonce: 2_573_394_689,
    };
    assert_eq!(chain.connect(&[first], NOW), Ok(Some(at(0))));
    let hash = "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048";
    assert_eq!(chain.block_hash(at(1)), Some(hash.parse().expect("a hash")));
    assert!(!chain.is_credible());
    chain.demanded = Some(chain.work);
    assert!(chain.is_credible());
    assert!(HeaderChain::from_genesis(Network::Regtest).is_credible(), "nobody knows a regtest's work");
}

#[test]
fn the_target_of_a_new_period_follows_from_the_last() {
    // Regtest's rules but with changes of difficulty, every 2016 blocks of one second each: four times harder at most.
    let mut params = Params::new(Network::Regtest);
    params.no_pow_retargeting = false;
    let header = bitcoin::constants::genesis_block(&params).header;
    let mut chain = HeaderChain::new(params.clone(), Anchor { height: at(0), header }).expect("zero");
    let (mut parent, mut branch) = (header, Vec::new());
    for _ in 1..2016 {
        parent = mined(&parent, parent.time + 1, 4);
        branch.push(parent);
    }
    chain.connect(&branch, NOW).expect("one period");
    let same = mined(&parent, parent.time + 1, 4);
    assert_eq!(chain.connect(&[same], NOW), Err(HeaderError::Target { height: 2016 }));
    let mut harder = mined(&parent, parent.time + 1, 4);
    harder.bits = CompactTarget::from_next_work_required(parent.bits, 1, &params);
    harder = with_nonce(harder, true);
    assert!(harder.target() < parent.target());
    assert_eq!(chain.connect(&[harder], NOW), Ok(Some(at(2015))));
}

#[test]
fn two_periods_are_kept_and_one_may_be_replaced() {
    let mut chain = chain();
    let mut all = vec![*chain.header(at(0)).expect("genesis")];
    for _ in 0..5 {
        let piece = extension(&chain, chain.tip().to_u32(), 1000, 5);
        chain.connect(&piece, NOW).expect("sound");
        all.extend(piece);
    }
    assert_eq!((chain.tip(), chain.recent.len()), (at(5000), RECENT_COUNT));
    assert_eq!((chain.header(at(968)), chain.header(at(969))), (None, Some(&all[969])));
    assert_eq!(chain.block_hash(at(1)), Some(all[1].block_hash()), "of all headers the hash is known");
    // The deepest fork, and one that is deeper.
    let deeper = mined(&all[2984], all[2984].time + 600, 6);
    assert!(matches!(chain.connect(&[deeper], NOW), Err(HeaderError::Orphan { .. })));
    let longer = extension(&chain, 2985, 2016, 6);
    assert_eq!(chain.connect(&longer[..2015], NOW), Ok(None));
    assert_eq!(chain.connect(&longer, NOW), Ok(Some(at(2985))));
    assert_eq!((chain.tip(), chain.recent.len()), (at(5001), RECENT_COUNT));
    assert_eq!(chain.block_hash(at(2986)), Some(longer[0].block_hash()));
}

#[test]
fn headers_are_eighty_bytes_each() {
    let headers = extension(&chain(), 0, 3, 7);
    let bytes: Vec<u8> = headers.iter().flat_map(bitcoin::consensus::serialize).collect();
    assert_eq!(decode_headers(&bytes), Ok(headers));
    assert_eq!(decode_headers(&bytes[1..]), Err(HeaderError::Encoding));
    assert_eq!(decode_headers(&vec![0; HEADERS_SIZE_MAX + HEADER_SIZE]), Err(HeaderError::Encoding));
    assert_eq!(decode_headers(&[]), Ok(vec![]));
}
