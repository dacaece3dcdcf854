//! A node of the chain that has deleted its old blocks.

use std::time::Duration;

use bitcoin::Witness;
use gossip::funding::{FundingAnswer, FundingQuestion};
use primitives::ShortChannelId;
use server::chain::{ChainAnswer, ChainError, ChainQuestion};

use super::chain::{Asker, channel_script, from, output, runtime, served, transaction};

#[test]
fn channels_of_pruned_blocks_hold_up_nobody() {
    let (chain, config, _) = served(None);
    {
        let mut chain = chain.lock().unwrap();
        let funding = transaction(from(2), Witness::new(), vec![output(channel_script(), 30_000)]);
        chain.mine(vec![funding], 3);
        chain.pruned_below = 3;
    }
    runtime().block_on(async {
        let mut asker = Asker::start(config);
        let script_pubkey = channel_script();
        let short_channel_id = ShortChannelId::from_parts(1, 1, 0).unwrap();
        let watched = FundingQuestion { short_channel_id, script_pubkey };
        asker.questions.send(ChainQuestion::Watch { question: watched, spent_at: None }).unwrap();
        let began = std::time::Instant::now();
        let mut failures = Vec::new();
        for n in 0..20 {
            // In a block that is gone, and in one that is there.
            asker.ask(1 + n % 2, 1, 0);
            asker.ask(3, 1, 0);
            for _ in 0..2 {
                loop {
                    match asker.next().await {
                        ChainAnswer::Failed(error) => failures.push(error),
                        ChainAnswer::Funding { short_channel_id, answer } => {
                            let is_there = short_channel_id.block() == 3;
                            let expected = FundingAnswer::Unspent(output(channel_script(), 30_000));
                            assert_eq!(answer, if is_there { expected } else { FundingAnswer::Unknown });
                            break;
                        }
                        ChainAnswer::Block { .. } => {}
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        // Each rest of all questions takes three seconds.
        assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
        assert!(matches!(failures[..], [ChainError::NoBlock { height: 1 | 2 }]), "{failures:?}");
        let asked = chain.lock().unwrap().calls["getblock"];
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(chain.lock().unwrap().calls["getblock"], asked, "what is watched is not asked for again");
    });
}
