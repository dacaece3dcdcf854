//! The target that a header must have, by the rules of each network.
//!
//! Mainnet and signet keep a target for a period of 2016 blocks and then fit it to the time that the period took. The
//! test networks allow the easiest target after twenty minutes without a block; the fourth one has a new period begin
//! from the target of the last one's first header, which that exception never touches (BIP 94). Regtest never changes.

use bitcoin::block::Header;
use bitcoin::params::Params;
use bitcoin::{CompactTarget, Network};

/// Headers in a period.
pub(super) fn period(params: &Params) -> u32 {
    u32::try_from(params.difficulty_adjustment_interval()).unwrap_or(u32::MAX)
}

/// The target for a header with this time at this height. `before(n)` is the header `n` places below: it is asked for
/// those back to the first header of the period before `height`. O(1), on test networks O(period).
pub(super) fn required_target<'a>(
    params: &Params,
    height: u32,
    time: u32,
    before: impl Fn(u32) -> &'a Header,
) -> CompactTarget {
    let (period, parent) = (period(params), before(1));
    if height.is_multiple_of(period) {
        let first = before(period);
        let base = if has_bip94(params) { first.bits } else { parent.bits };
        let timespan = parent.time.saturating_sub(first.time);
        return CompactTarget::from_next_work_required(base, timespan.into(), params);
    }
    if !params.allow_min_difficulty_blocks {
        return parent.bits;
    }
    let easiest = params.max_attainable_target.to_compact_lossy();
    if u64::from(time) > u64::from(parent.time) + 2 * params.pow_target_spacing {
        return easiest;
    }
    // The last header that is no exception; the first one of a period is none.
    let mut back = 1;
    while !(height - back).is_multiple_of(period) && before(back).bits == easiest {
        back += 1;
    }
    before(back).bits
}

/// The earliest time of the first header of a period, where the network has such a rule (BIP 94).
pub(super) fn earliest_time(params: &Params, height: u32, parent: &Header) -> Option<u32> {
    let has_rule = has_bip94(params) && height.is_multiple_of(period(params));
    has_rule.then(|| parent.time.saturating_sub(TIMEWARP_SECS_MAX))
}

fn has_bip94(params: &Params) -> bool {
    params.network == Network::Testnet4
}

/// BIP 94.
const TIMEWARP_SECS_MAX: u32 = 600;

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash;
    use bitcoin::{BlockHash, TxMerkleNode};

    use super::*;

    fn header(time: u32, bits: u32) -> Header {
        Header {
            version: bitcoin::block::Version::ONE,
            prev_blockhash: BlockHash::all_zeros(),
            merkle_root: TxMerkleNode::all_zeros(),
            time,
            bits: CompactTarget::from_consensus(bits),
            nonce: 0,
        }
    }

    /// The target at `height` after a period whose first and last headers are these.
    fn after(network: Network, height: u32, first: Header, last: Header) -> u32 {
        let required = required_target(&Params::new(network), height, last.time + 1, |back| match back {
            1 => &last,
            2016 => &first,
            _ => panic!("{back}"),
        });
        required.to_consensus()
    }

    #[test]
    fn periods_of_mainnet_end_as_they_did() {
        // Height, the period's first and last time, its target, the next one: the first raise; one that stays at the
        // easiest target; one that is four times harder at most, one that is four times easier at most.
        for (height, first, last, bits, next) in [
            (32_256, 1_261_130_161, 1_262_152_739, 0x1d00_ffff, 0x1d00_d86a),
            (2016, 1_231_006_505, 1_233_061_996, 0x1d00_ffff, 0x1d00_ffff),
            (68_544, 1_279_008_237, 1_279_297_671, 0x1c05_a3f4, 0x1c01_68fd),
            (46_368, 1_263_163_443, 1_269_211_443, 0x1c38_7f6f, 0x1d00_e1fd),
        ] {
            let (first, last) = (header(first, bits), header(last, bits));
            assert_eq!(after(Network::Bitcoin, height, first, last), next, "{height}");
        }
    }

    #[test]
    fn the_fourth_test_network_begins_from_the_first_header() {
        // The last header of the period is an exception.
        let (first, last) = (header(1000, 0x1c05_a3f4), header(1000 + 2016 * 600, 0x1d00_ffff));
        assert_eq!(after(Network::Testnet4, 4032, first, last), 0x1c05_a3f4);
        assert_eq!(after(Network::Testnet, 4032, first, last), 0x1d00_ffff);
        let params = Params::new(Network::Testnet4);
        assert_eq!(earliest_time(&params, 4032, &last), Some(last.time - 600));
        assert_eq!(earliest_time(&params, 4033, &last), None);
        assert_eq!(earliest_time(&Params::new(Network::Bitcoin), 4032, &last), None);
    }

    #[test]
    fn a_slow_block_of_a_test_network_is_easy_and_the_next_one_is_not() {
        // Heights 4032, 4033 and 4034, of which the last two were slow.
        let chain = [header(0, 0x1c05_a3f4), header(2000, 0x1d00_ffff), header(4000, 0x1d00_ffff)];
        let at = |network, time| {
            let before = |back: u32| &chain[chain.len() - back as usize];
            required_target(&Params::new(network), 4035, time, before).to_consensus()
        };
        assert_eq!(at(Network::Testnet, 5201), 0x1d00_ffff);
        assert_eq!(at(Network::Testnet, 5200), 0x1c05_a3f4);
        assert_eq!(at(Network::Testnet4, 5200), 0x1c05_a3f4);
        // Mainnet has no such exception: the header before is the rule.
        assert_eq!(at(Network::Bitcoin, 5200), 0x1d00_ffff);
    }
}
