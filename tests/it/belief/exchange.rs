//! What is written is read again, by us and by LDK; what is cut or garbled is refused or read, and never a panic.

use engine::belief::exchange::{
    Learnt, Taken, read_beliefs, read_inform_channel, read_layers, read_ldk_scores, read_mission_control,
    write_beliefs, write_layers, write_ldk_scores, write_mission_control,
};
use engine::belief::{AttemptedHop, Beliefs, Evidence, FailureCode, Floor, HalfLife, HalfLives, Outcome};
use engine::layer::{self, Bound, Constraint};
use engine::snapshot::Snapshot;
use lightning::routing::scoring::ChannelLiquidities;
use lightning::util::ser::{Readable, Writeable};
use primitives::{Direction, Msat, ShortChannelId, ShortChannelIdDir};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::world::{at, channel, direction, msat, snapshot};

const CHANNEL_COUNT: usize = 70;
const CAPACITY: u64 = 1_000_000_000;

/// Each pair of nodes has at most one channel: the first five of the world's.
const PAIR_COUNT: usize = 5;

fn world(channel_count: usize) -> Snapshot {
    snapshot(&(0..channel_count as u64).map(|place| (place << 30 | 7, CAPACITY)).collect::<Vec<_>>())
}

fn half_lives() -> HalfLives {
    HalfLives { carried: HalfLife::from_secs(7000), refused: HalfLife::from_secs(3000) }
}

/// What was told of a channel: which, in which direction, an amount, a time, and whether it passed.
type Told = (usize, bool, u64, u32, bool);

fn told(channel_count: usize) -> impl Strategy<Value = Vec<Told>> {
    vec((0..channel_count, any::<bool>(), 1..CAPACITY, 1u32..50_000, any::<bool>()), 0..60)
}

fn learn(beliefs: &Beliefs, told: &[Told]) {
    for &(place, forwards, amount, time, passed) in told {
        let hop = AttemptedHop {
            channel: channel(place),
            direction: direction(forwards),
            amount: msat(amount),
            in_flight: msat(0),
        };
        let code = FailureCode::TemporaryChannelFailure;
        let outcome = if passed { Outcome::Reached } else { Outcome::Failed { erring_node: 0, code } };
        beliefs.learn(&[hop], outcome, at(time));
    }
}

fn told_in_order(mut told: Vec<Told>) -> Vec<Told> {
    told.sort_by_key(|(.., time, _)| *time);
    told
}

fn assert_same(found: &Beliefs, expected: &Beliefs) {
    let known = |beliefs: &Beliefs| {
        let known = beliefs.known().filter(|(_, bounds)| !bounds.is_unknown());
        known.map(|(place, bounds)| (place, bounds.floors.map(told_of))).collect::<Vec<_>>()
    };
    assert_eq!(known(found), known(expected));
}

/// A floor of nothing has no time.
fn told_of(floor: Floor) -> Option<Floor> {
    (floor.amount != msat(0)).then_some(floor)
}

fn taking(beliefs: &Beliefs) -> impl FnMut(ShortChannelId, Learnt) + '_ {
    |name, learnt| assert!(beliefs.take(name, learnt))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_own_file_and_layers_keep_everything(told in told(CHANNEL_COUNT).prop_map(told_in_order)) {
        let snapshot = world(CHANNEL_COUNT);
        let beliefs = Beliefs::new(&snapshot, half_lives());
        learn(&beliefs, &told);

        let mut file = Vec::new();
        let written = write_beliefs(&beliefs, &mut file).unwrap();
        let again = Beliefs::new(&snapshot, half_lives());
        prop_assert_eq!(read_beliefs(&file, taking(&again)), Ok(written));
        assert_same(&again, &beliefs);

        let mut json = Vec::new();
        write_layers(&beliefs, "a \"layer\"", &mut json).unwrap();
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
        let again = Beliefs::new(&snapshot, half_lives());
        let mut constraints = Vec::new();
        read_layers(&json, at(9), |name, learnt| constraints.push((name, learnt))).unwrap();
        // The order of a document is not that of time.
        constraints.sort_by_key(|(_, learnt)| match learnt {
            Learnt::Carried(.., time) | Learnt::Refused(.., time) | Learnt::Settled(.., time) => *time,
            Learnt::Bounds(_) | Learnt::Paid(..) => at(0),
        });
        constraints.into_iter().for_each(|(name, learnt)| assert!(again.take(name, learnt)));
        assert_same(&again, &beliefs);
    }

    #[test]
    fn layers_that_are_written_are_layers(told in told(CHANNEL_COUNT)) {
        let snapshot = world(CHANNEL_COUNT);
        let beliefs = Beliefs::new(&snapshot, half_lives());
        learn(&beliefs, &told);
        let mut json = Vec::new();
        let written = write_layers(&beliefs, "learnt", &mut json).unwrap();
        let layers = layer::read_layers(json.as_slice()).unwrap();
        prop_assert_eq!(layers.len(), 1);
        let constraints = layers[0].constraints();
        let mut count = 0;
        for (channel, bounds) in beliefs.known() {
            let short_channel_id = snapshot.short_channel_id(channel);
            for own in Direction::BOTH {
                let Floor { amount, learnt, evidence } = bounds.floors[own.as_usize()];
                if amount == Msat::ZERO {
                    continue;
                }
                let known = |direction| constraints.get(&ShortChannelIdDir { short_channel_id, direction });
                let (bound, expected) = match evidence {
                    Evidence::Carried | Evidence::Received => {
                        (known(own).and_then(Constraint::known_minimum), amount)
                    }
                    Evidence::Refused => {
                        let most = msat(CAPACITY).saturating_sub(amount);
                        (known(own.reversed()).and_then(Constraint::known_maximum), most)
                    }
                };
                prop_assert_eq!(bound, Some(Bound { amount: expected, timestamp: learnt }));
                count += 1;
            }
        }
        prop_assert_eq!(count, written);
    }

    #[test]
    fn mission_control_keeps_what_is_told_of_single_channels(told in told(PAIR_COUNT).prop_map(told_in_order)) {
        let snapshot = world(PAIR_COUNT);
        let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
        learn(&beliefs, &told);
        let mut json = Vec::new();
        let pair_count = write_mission_control(&beliefs, &snapshot, &mut json).unwrap();
        let again = Beliefs::new(&snapshot, HalfLives::NEVER);
        let summary = read_mission_control(&json, &snapshot, taking(&again)).unwrap();
        prop_assert_eq!((summary.pair_count, summary.unknown_pair_count, summary.vague_count), (pair_count, 0, 0));
        for place in 0..PAIR_COUNT as u32 {
            for along in Direction::BOTH {
                let bounds = |beliefs: &Beliefs| beliefs.view(at(0)).bounds(place, along, msat(CAPACITY));
                prop_assert_eq!(bounds(&again), bounds(&beliefs));
            }
        }
    }

    #[test]
    fn ldk_reads_our_scores_and_we_read_what_it_writes(told in told(CHANNEL_COUNT).prop_map(told_in_order)) {
        let snapshot = world(CHANNEL_COUNT);
        let beliefs = Beliefs::new(&snapshot, half_lives());
        learn(&beliefs, &told);
        let mut ours = Vec::new();
        let written = write_ldk_scores(&beliefs, &mut ours).unwrap();
        let theirs = ChannelLiquidities::read(&mut &ours[..]).expect("LDK reads it").encode();
        let again = Beliefs::new(&snapshot, half_lives());
        prop_assert_eq!(read_ldk_scores(&theirs, taking(&again)), Ok(written));
        for (place, bounds) in beliefs.known() {
            let latest = bounds.floors[0].learnt.max(bounds.floors[1].learnt);
            for along in Direction::BOTH {
                let bounds = |beliefs: &Beliefs| beliefs.view(latest).bounds(place.to_u32(), along, msat(CAPACITY));
                prop_assert_eq!(bounds(&again), bounds(&beliefs));
            }
        }
    }

    #[test]
    fn garbled_bytes_never_panic(
        told in told(CHANNEL_COUNT),
        edits in vec((any::<usize>(), prop_oneof![any::<u8>(), Just(b'"'), Just(b'9')]), 0..6),
        cut in any::<usize>(),
        noise in vec(any::<u8>(), 0..200),
    ) {
        let snapshot = world(CHANNEL_COUNT);
        let beliefs = Beliefs::new(&snapshot, half_lives());
        learn(&beliefs, &told);
        let mut files = [const { Vec::new() }; 5];
        write_beliefs(&beliefs, &mut files[0]).unwrap();
        write_ldk_scores(&beliefs, &mut files[1]).unwrap();
        write_layers(&beliefs, "layer", &mut files[2]).unwrap();
        write_mission_control(&beliefs, &snapshot, &mut files[3]).unwrap();
        files[4] = noise;
        for mut file in files {
            for &(place, byte) in &edits {
                if !file.is_empty() {
                    let place = place % file.len();
                    file[place] = byte;
                }
            }
            file.truncate(cut % (file.len() * 2 + 1));
            let mut taken = Taken::default();
            let mut sink = |name, learnt| beliefs.take_counted(name, learnt, &mut taken);
            let _ = read_beliefs(&file, &mut sink);
            let _ = read_ldk_scores(&file, &mut sink);
            let _ = read_layers(&file, at(5), &mut sink);
            let _ = read_mission_control(&file, &snapshot, &mut sink);
            let _ = read_inform_channel(&file, at(5));
        }
    }
}

#[test]
fn a_cut_or_changed_file_is_refused() {
    let snapshot = world(3);
    let beliefs = Beliefs::new(&snapshot, half_lives());
    learn(&beliefs, &[(0, true, 5_000, 10, true), (2, false, 7_000, 20, false)]);
    let mut file = Vec::new();
    write_beliefs(&beliefs, &mut file).unwrap();
    let mut scores = Vec::new();
    write_ldk_scores(&beliefs, &mut scores).unwrap();
    for end in 0..file.len() {
        assert!(read_beliefs(&file[..end], |_, _| panic!("told of a bad file")).is_err());
        let mut changed = file.clone();
        changed[end] ^= 4;
        // The half-lives are the reader's, but the checksum holds them, too.
        assert!(read_beliefs(&changed, |_, _| panic!("told of a bad file")).is_err(), "byte {end}");
    }
    for end in 0..scores.len() {
        assert!(read_ldk_scores(&scores[..end], |_, _| ()).is_err());
    }
}

/// As Core Lightning's and LND's documentation shows them.
#[test]
fn documents_of_peers_are_understood() {
    let snapshot = world(1);
    let name = snapshot.short_channel_id(channel(0));
    let layers = format!(
        r#"{{"layers": [
            {{"layer": "test_layers", "persistent": false, "disabled_nodes": [], "biases": [],
              "constraints": [{{"short_channel_id_dir": "{name}/1", "timestamp": 1738000000, "minimum_msat": 100000}},
                              {{"short_channel_id_dir": "{name}/0", "maximum_msat": "700000msat"}}]}},
            {{"layer": "xpay", "persistent": true, "constraints": []}}]}}"#
    );
    let mut found = Vec::new();
    read_layers(layers.as_bytes(), at(77), |name, learnt| found.push((name, learnt))).unwrap();
    let carried = Learnt::Carried(Direction::NodeTwoToOne, msat(100_000), at(1_738_000_000));
    let refused = Learnt::Refused(Direction::NodeOneToTwo, msat(700_001), at(77));
    assert_eq!(found, [(name, carried), (name, refused)]);

    for (word, learnt) in [
        ("unconstrained", Learnt::Carried(Direction::NodeTwoToOne, msat(100_000), at(5))),
        ("constrained", Learnt::Refused(Direction::NodeTwoToOne, msat(100_000), at(5))),
        ("succeeded", Learnt::Settled(Direction::NodeTwoToOne, msat(100_000), at(5))),
    ] {
        let call = format!(
            r#"{{"layer": "l", "short_channel_id_dir": "{name}/1", "amount_msat": 100000, "inform": "{word}"}}"#
        );
        assert_eq!(read_inform_channel(call.as_bytes(), at(5)).unwrap(), (name, learnt));
    }

    let [from, to] = [super::world::node(0), super::world::node(1)];
    let pairs = format!(
        r#"{{"pairs": [{{"node_from": "{from}", "node_to": "{to}", "history": {{
            "fail_time": "1600000000", "fail_amt_sat": "900", "fail_amt_msat": "900000",
            "success_time": 1600000100, "success_amt_sat": "20", "success_amt_msat": "0"}}}},
          {{"node_from": "{to}", "node_to": "{from}", "history": {{
            "fail_time": "1600000000", "fail_amt_sat": "0", "success_time": "-62135596800"}}}}]}}"#
    );
    let mut found = Vec::new();
    let summary =
        read_mission_control(pairs.as_bytes(), &snapshot, |name, learnt| found.push((name, learnt))).unwrap();
    let refused = Learnt::Refused(Direction::NodeOneToTwo, msat(900_000), at(1_600_000_000));
    let carried = Learnt::Carried(Direction::NodeOneToTwo, msat(20_000), at(1_600_000_100));
    assert_eq!(found, [(name, refused), (name, carried)]);
    assert_eq!((summary.pair_count, summary.unknown_pair_count, summary.vague_count), (2, 0, 1));
}
