//! Reads the real graph, with nothing but the builder: the imports have tests of their own.

use std::io::Read;

use engine::graph::GraphBuilder;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, ShortChannelId, UnixTime,
};

/// The graph of 2025-10-26, where the data is at hand.
pub(super) fn graph() -> Option<GraphBuilder> {
    let path = tests::data::shared("data/mainnet-2025-10-26/channels.csv.zst")?;
    let file = std::fs::File::open(path).expect("the file exists");
    let mut text = String::new();
    zstd::Decoder::new(file).expect("zstd").read_to_string(&mut text).expect("UTF-8");
    let mut builder = GraphBuilder::new();
    for line in text.lines().skip(1) {
        add(&mut builder, &line.split(',').collect::<Vec<_>>());
    }
    Some(builder)
}

/// One line is one direction.
fn add(builder: &mut GraphBuilder, fields: &[&str]) {
    let scid: ShortChannelId = fields[0].parse().expect("a short_channel_id");
    let number = |at: usize| fields[at].parse::<i64>().expect("a number");
    let unsigned = |at: usize| u32::try_from(number(at)).expect("32 bits");
    let msat = |at: usize| Msat::from_msat(u64::try_from(number(at)).expect("an amount"));
    if builder.channel(scid).is_none() {
        let capacity = Msat::from_sat(msat(3).to_msat());
        let [one, two] = [1, 2].map(|at| fields[at].parse().expect("a node id"));
        builder.add_channel(scid, one, two, capacity, &Features::default()).expect("a sound channel");
    }
    let policy = ChannelPolicy {
        fee: Fee { fee_base_msat: unsigned(5), fee_proportional_millionths: unsigned(6) },
        inbound_fee: InboundFee {
            base_msat: i32::try_from(number(12)).expect("32 bits"),
            proportional_millionths: i32::try_from(number(13)).expect("32 bits"),
        },
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(u16::try_from(number(7)).expect("16 bits")),
        htlc_minimum_msat: msat(8),
        htlc_maximum_msat: msat(9),
        disabled: number(10) == 1,
        last_update: UnixTime::from_secs(unsigned(11)),
    };
    let direction = if number(4) == 0 { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne };
    builder.set_policy(scid, direction, policy).expect("the channel was just added");
}
