use bitcoin::hashes::Hash;
use bitcoin::{Network, TxMerkleNode};

use super::*;

/// Regtest's target, which every second hash meets.
fn mined(parent: &Header, time: u32, root: u8) -> Header {
    let mut header = Header {
        version: bitcoin::block::Version::ONE,
        prev_blockhash: parent.block_hash(),
        merkle_root: TxMerkleNode::from_byte_array([root; 32]),
        time,
        bits: parent.bits,
        nonce: 0,
    };
    while !header.target().is_met_by(header.block_hash()) {
        header.nonce += 1;
    }
    header
}

fn chain() -> HeaderChain {
    let params = Params::new(Network::Regtest);
    let header = bitcoin::constants::genesis_block(&params).header;
    HeaderChain::new(params, Anchor { height: BlockHeight::from_u32(0), header })
        .expect("zero begins a period")
}

fn extension(chain: &HeaderChain, from: u32, count: u32, root: u8) -> Vec<Header> {
    let mut parent = *chain.header(BlockHeight::from_u32(from)).expect("there");
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
    assert_eq!(chain.connect(&main), Ok(Some(BlockHeight::from_u32(0))));
    assert_eq!(chain.tip(), BlockHeight::from_u32(20));
    let equal = extension(&chain, 15, 5, 2);
    assert_eq!(chain.connect(&equal), Ok(None));
    assert_eq!(chain.block_hash(BlockHeight::from_u32(20)), Some(main[19].block_hash()));
    let longer = extension(&chain, 15, 6, 2);
    assert_eq!(chain.connect(&longer), Ok(Some(BlockHeight::from_u32(15))));
    assert_eq!(chain.tip(), BlockHeight::from_u32(21));
    assert_eq!(chain.header(BlockHeight::from_u32(16)), Some(&longer[0]));
    assert_eq!(chain.connect(&[]), Ok(None));
}

#[test]
fn broken_rules_are_named_and_change_nothing() {
    let mut chain = chain();
    chain.connect(&extension(&chain, 0, 20, 1)).expect("sound");
    let sound = extension(&chain, 20, 3, 3);
    let tip = *chain.header(chain.tip()).expect("the tip");
    let mut orphan = sound.clone();
    orphan[1] = sound[2];
    assert!(matches!(chain.connect(&orphan), Err(HeaderError::Orphan { .. })));
    let early = mined(&tip, tip.time - 6 * 600, 3);
    assert_eq!(chain.connect(&[early]), Err(HeaderError::Time { height: 21 }));
    let mut easy = sound[0];
    easy.bits = CompactTarget::from_consensus(easy.bits.to_consensus() + 1);
    assert_eq!(chain.connect(&[easy]), Err(HeaderError::Target { height: 21 }));
    let mut idle = sound[0];
    while idle.target().is_met_by(idle.block_hash()) {
        idle.nonce += 1;
    }
    assert_eq!(chain.connect(&[idle]), Err(HeaderError::Work { height: 21 }));
    assert_eq!(chain.tip(), BlockHeight::from_u32(20));
    assert_eq!(chain.connect(&sound), Ok(Some(BlockHeight::from_u32(20))));
}

#[test]
fn anchors_begin_a_period() {
    let params = Params::new(Network::Bitcoin);
    let header = bitcoin::constants::genesis_block(&params).header;
    let anchor = Anchor { height: BlockHeight::from_u32(2015), header };
    assert_eq!(HeaderChain::new(params, anchor).err(), Some(HeaderError::Anchor { height: 2015 }));
}

#[test]
fn difficulty_changes_as_on_mainnet() {
    // The first change on mainnet: block 32256 began with the genesis target's first raise, from the times of blocks
    // 30240 and 32255.
    let params = Params::new(Network::Bitcoin);
    let timespan = 1_262_152_739 - 1_261_130_161;
    let next =
        CompactTarget::from_next_work_required(CompactTarget::from_consensus(0x1d00_ffff), timespan, &params);
    assert_eq!(next.to_consensus(), 0x1d00_d86a);
}

#[test]
fn the_target_of_a_new_period_follows_from_the_last() {
    // Regtest's rules but with changes of difficulty, every 2016 blocks of one second each: four times harder at most.
    let mut params = Params::new(Network::Regtest);
    params.no_pow_retargeting = false;
    let header = bitcoin::constants::genesis_block(&params).header;
    let anchor = Anchor { height: BlockHeight::from_u32(0), header };
    let mut chain = HeaderChain::new(params.clone(), anchor).expect("zero begins a period");
    let (mut parent, mut branch) = (header, Vec::new());
    for _ in 1..2016 {
        parent = mined(&parent, parent.time + 1, 4);
        branch.push(parent);
    }
    chain.connect(&branch).expect("one period");
    let same = mined(&parent, parent.time + 1, 4);
    assert_eq!(chain.connect(&[same]), Err(HeaderError::Target { height: 2016 }));
    let mut harder = parent;
    harder.bits = CompactTarget::from_next_work_required(parent.bits, 1, &params);
    harder.prev_blockhash = parent.block_hash();
    harder.time += 1;
    while !harder.target().is_met_by(harder.block_hash()) {
        harder.nonce += 1;
    }
    assert!(harder.target() < parent.target());
    assert_eq!(chain.connect(&[harder]), Ok(Some(BlockHeight::from_u32(2015))));
}
