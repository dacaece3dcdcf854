//! The chain of headers against a slow one that judges every chain from its first header and adds up its work anew.

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash as _;
use bitcoin::params::Params;
use bitcoin::{CompactTarget, Network, TxMerkleNode};
use gossip::funding::{Anchor, HeaderChain, decode_headers};
use primitives::{BlockHeight, UnixTime};
use proptest::prelude::*;

/// Headers in a period, so that difficulty changes often.
const PERIOD: u32 = 8;

/// Regtest's easy targets, which change as mainnet's do, with or without the exception of test networks.
fn params(has_exception: bool) -> Params {
    let mut params = Params::new(Network::Regtest);
    params.no_pow_retargeting = false;
    params.allow_min_difficulty_blocks = has_exception;
    params.pow_target_timespan = u64::from(PERIOD) * params.pow_target_spacing;
    params
}

/// The target of the header after these, from the first header on.
fn target(params: &Params, chain: &[Header], time: u32) -> CompactTarget {
    let last = chain.last().unwrap();
    let easiest = params.max_attainable_target.to_compact_lossy();
    let in_period = chain.len() % PERIOD as usize;
    if in_period == 0 {
        let took = last.time.saturating_sub(chain[chain.len() - PERIOD as usize].time);
        return CompactTarget::from_next_work_required(last.bits, took.into(), params);
    }
    if !params.allow_min_difficulty_blocks {
        return last.bits;
    }
    if u64::from(time) > u64::from(last.time) + 1200 {
        return easiest;
    }
    let period = &chain[chain.len() - in_period..];
    period.iter().map(|header| header.bits).rfind(|bits| *bits != easiest).unwrap_or(period[0].bits)
}

fn is_sound(params: &Params, chain: &[Header], next: &Header, now: u32) -> bool {
    let mut times: Vec<u32> = chain.iter().rev().take(11).map(|header| header.time).collect();
    times.sort_unstable();
    next.prev_blockhash == chain.last().unwrap().block_hash()
        && next.time > times[times.len() / 2]
        && u64::from(next.time) <= u64::from(now) + 7200
        && next.bits == target(params, chain, next.time)
        && next.target().is_met_by(next.block_hash())
}

fn has_more_work(one: &[Header], two: &[Header]) -> bool {
    let work = |chain: &[Header]| chain.iter().map(Header::work).reduce(|sum, work| sum + work).unwrap();
    work(one) > work(two)
}

/// A branch that leaves some chain, with steps of time and at most one mistake.
#[derive(Debug, Clone)]
struct Draw {
    chain: prop::sample::Index,
    fork: prop::sample::Index,
    steps: Vec<i32>,
    mistake: Option<(prop::sample::Index, u8)>,
}

fn draw() -> impl Strategy<Value = Draw> {
    let mistake = prop::option::weighted(0.3, (any::<prop::sample::Index>(), 0_u8..5));
    let steps = prop::collection::vec(-900..2400_i32, 1..14);
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), steps, mistake)
        .prop_map(|(chain, fork, steps, mistake)| Draw { chain, fork, steps, mistake })
}

/// The branch above `below`, mined; a mistake is made where its number says.
fn branch(params: &Params, below: &[Header], draw: &Draw, salt: u8) -> Vec<Header> {
    let mut chain = below.to_vec();
    let wrong_at = draw.mistake.map(|(at, what)| (at.index(draw.steps.len()), what));
    for (at, &step) in draw.steps.iter().enumerate() {
        let parent = chain.last().unwrap();
        let time = parent.time.saturating_add_signed(step);
        let mut header = Header {
            version: Version::ONE,
            prev_blockhash: parent.block_hash(),
            merkle_root: TxMerkleNode::from_byte_array([salt; 32]),
            time,
            bits: target(params, &chain, time),
            nonce: 0,
        };
        let wrong = wrong_at.filter(|(wrong, _)| *wrong == at).map(|(_, what)| what);
        match wrong {
            Some(0) => header.bits = CompactTarget::from_consensus(header.bits.to_consensus() ^ 1),
            Some(1) => header.prev_blockhash = header.block_hash(),
            Some(2) => header.time = 7,
            Some(3) => header.time = u32::MAX,
            _ => {}
        }
        while header.target().is_met_by(header.block_hash()) == (wrong == Some(4)) {
            header.nonce += 1;
        }
        chain.push(header);
    }
    chain.split_off(below.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_chain_is_the_sound_one_with_most_work(
        has_exception: bool,
        draws in prop::collection::vec(draw(), 1..12),
    ) {
        let params = params(has_exception);
        let genesis = bitcoin::constants::genesis_block(Params::new(Network::Regtest)).header;
        let anchor = Anchor { height: BlockHeight::from_u32(0), header: genesis };
        let mut chain = HeaderChain::new(params.clone(), anchor).unwrap();
        let mut best = vec![genesis];
        let mut known = vec![best.clone()];
        let now = genesis.time + 50_000;
        for (salt, draw) in draws.iter().enumerate() {
            let below = &known[draw.chain.index(known.len())];
            let below = &below[..=draw.fork.index(below.len())];
            let branch = branch(&params, below, draw, salt as u8);
            let whole: Vec<Header> = below.iter().chain(&branch).copied().collect();
            let is_branch_sound = (below.len()..whole.len())
                .all(|at| is_sound(&params, &whole[..at], &whole[at], now));
            let leaves_best = best.contains(below.last().unwrap());
            let connected = chain.connect(&branch, UnixTime::from_secs(now));
            let expected = match (leaves_best && is_branch_sound, has_more_work(&whole, &best)) {
                (false, _) => None,
                (true, false) => Some(None),
                (true, true) => Some(Some(BlockHeight::from_u32(below.len() as u32 - 1))),
            };
            prop_assert_eq!(connected.ok(), expected);
            if let Some(Some(_)) = expected {
                best = whole.clone();
            }
            if is_branch_sound {
                known.push(whole);
            }
            prop_assert_eq!(chain.tip(), BlockHeight::from_u32(best.len() as u32 - 1));
            for (height, header) in best.iter().enumerate() {
                let height = BlockHeight::from_u32(height as u32);
                prop_assert_eq!(chain.header(height), Some(header));
                prop_assert_eq!(chain.block_hash(height), Some(header.block_hash()));
            }
            prop_assert_eq!(chain.header(BlockHeight::from_u32(best.len() as u32)), None);
        }
    }

    #[test]
    fn headers_read_are_those_written(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        match decode_headers(&bytes) {
            Ok(headers) => {
                let again: Vec<u8> = headers.iter().flat_map(bitcoin::consensus::serialize).collect();
                prop_assert_eq!(again, bytes);
            }
            Err(_) => prop_assert!(!bytes.len().is_multiple_of(80)),
        }
    }
}
