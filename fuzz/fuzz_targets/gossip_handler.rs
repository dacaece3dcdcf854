//! The gossip core with its state: two peers say anything, signatures and the chain answer anything.
#![no_main]

use std::collections::VecDeque;

use bitcoin::secp256k1::Secp256k1;
use gossip::admit::PeerId;
use gossip::funding::{FundingAnswer, FundingCheck};
use gossip::sync::{Config, Gossip, Input, Output};
use gossip::verify::KeyRing;
use libfuzzer_sys::fuzz_target;
use primitives::{ChainHash, UnixTime};

fuzz_target!(|bytes: &[u8]| {
    let (secp, ring) = (Secp256k1::verification_only(), KeyRing::default());
    let mut now = 1_700_000_000;
    let config =
        Config { chain_hash: ChainHash::REGTEST, funding: FundingCheck::Nobody, verify_thread_count: 1 };
    let mut gossip = Gossip::new(config, UnixTime::from_secs(now));
    for peer in [1, 2].map(PeerId::from_u64) {
        gossip.handle(UnixTime::from_secs(now), Input::PeerConnected { peer, has_queries: true });
    }
    let mut rest = bytes;
    while let [who, size, behind @ ..] = rest {
        let size = usize::from(*size) * 2;
        let (message, behind) = behind.split_at(size.min(behind.len()));
        rest = behind;
        now += u32::from(who >> 4);
        let peer = PeerId::from_u64(u64::from(who & 3));
        let mut inputs = VecDeque::from([Input::Message { peer, message }, Input::Writable { peer }]);
        while let Some(input) = inputs.pop_front() {
            gossip.handle(UnixTime::from_secs(now), input);
            while let Some(output) = gossip.poll_output() {
                match output {
                    Output::Verify(piece) => inputs.push_back(Input::Verified(piece.run(&secp, &ring))),
                    Output::CheckFunding(question) => inputs.push_back(Input::FundingAnswered {
                        short_channel_id: question.short_channel_id,
                        answer: FundingAnswer::Missing,
                    }),
                    Output::Read { peer, keys } => {
                        let messages = keys.iter().map(|_| Box::from(&[1u8, 2][..])).collect();
                        inputs.push_back(Input::Read { peer, messages });
                    }
                    _ => {}
                }
            }
        }
    }
});
