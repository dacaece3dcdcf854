//! The end of a channel: it is stored when it is news, and a restart counts its blocks on.

use gossip::record::Record;
use gossip::sync::{Config, Gossip, Input, Output, Stored};
use gossip::{funding::FundingCheck, view::CLOSE_DELAY_BLOCKS};
use primitives::{BlockHeight, ChainHash, GraphDelta, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn core(records: &[Record<'_>]) -> Gossip {
    let config = Config { chain_hash: CHAIN, funding: FundingCheck::Chain, verify_thread_count: 1 };
    let mut gossip = Gossip::new(config, NOW);
    for record in records {
        gossip.restore(&record.restore(CHAIN, NOW).unwrap()).unwrap();
    }
    gossip
}

fn outputs(gossip: &mut Gossip, input: Input<'_>) -> Vec<Output> {
    gossip.handle(NOW, input);
    std::iter::from_fn(|| gossip.poll_output()).collect()
}

#[test]
fn a_restart_counts_the_blocks_since_the_end_on() {
    let short_channel_id = ShortChannelId::from_parts(700_000, 1, 0).unwrap();
    let message = Signer::new(CHAIN).channel(short_channel_id, Ends { one: Author(1), two: Author(2) });
    let mut records = vec![Record::Channel { capacity: None, message: &message }];
    let mut gossip = core(&records);
    let spent = |height: Option<u32>| height.map(BlockHeight::from_u32);
    // Each with whether it is news.
    for (height, is_news) in [
        (Some(800_000), true),
        (Some(800_005), false),
        (Some(800_000), false),
        (None, true),
        (None, false),
        (Some(800_003), true),
    ] {
        let spent_at = spent(height);
        let told = outputs(&mut gossip, Input::FundingSpent { short_channel_id, spent_at });
        match &told[..] {
            [] => assert!(!is_news, "{height:?}"),
            [Output::Store(stored)] if is_news => {
                assert_eq!(*stored, Stored::Spent { short_channel_id, spent_at });
                records.push(Record::Spent { short_channel_id, spent_at });
            }
            other => panic!("{height:?}: {other:?}"),
        }
    }
    assert_eq!(records.len(), 4);

    let mut gossip = core(&records);
    assert_eq!(gossip.view().channel(short_channel_id).unwrap().spent_at, spent(Some(800_003)));
    let block = |height| Input::Block { height: BlockHeight::from_u32(height) };
    assert!(outputs(&mut gossip, block(800_003 + CLOSE_DELAY_BLOCKS - 1)).is_empty());
    let told = outputs(&mut gossip, block(800_003 + CLOSE_DELAY_BLOCKS));
    let closed = GraphDelta::ChannelClosed { short_channel_id };
    assert!(
        matches!(&told[..], [Output::Store(Stored::Removed(id)), Output::Delta(delta)] if *id == short_channel_id && *delta == closed),
        "{told:?}"
    );
}
