//! Queries that go by beliefs while another thread learns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use engine::belief::{Beliefs, Bimodal, HalfLives, HeldBeliefs, Prior};
use engine::graph::{ChannelIdx, Topology};
use engine::query::RouteQuery;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use primitives::{Direction, Msat, UnixTime};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[test]
fn routes_are_sound_while_another_thread_learns() {
    let draft = generate(&SyntheticConfig::new(7, 1500), &mut |_| ()).expect("within the bounds");
    let payments = random_queries(draft.nodes(), 150, 1, AmountRange::default());
    let snapshot = Snapshot::from_topology(Topology::build(draft).expect("room"));
    let beliefs = Arc::new(Beliefs::new(&snapshot, HalfLives::default()));
    let (now, is_done) = (UnixTime::from_secs(1000), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            while !is_done.load(Relaxed) {
                let channel = ChannelIdx::from_u32(rng.random_range(0..beliefs.channel_count() as u32));
                let capacity = beliefs.capacity(channel).expect("it is in the table").to_msat();
                let balance = Msat::from_msat(rng.random_range(0..=capacity));
                beliefs.learn_balance(channel, Direction::BOTH[rng.random_range(0..2)], balance, now);
            }
        });
        let mut space = RouteWorkspace::default();
        let mut found_count = 0;
        for prior in [Prior::Uniform, Prior::Bimodal(Bimodal::default())] {
            for &(payer, payee, amount) in &payments {
                let held = HeldBeliefs { prior, ..HeldBeliefs::new(Arc::clone(&beliefs), now) };
                let query = RouteQuery { beliefs: Some(held), ..RouteQuery::new(payer, payee, amount) };
                match route(&snapshot, &query, &mut space) {
                    Ok(found) => {
                        found_count += 1;
                        assert!((0.0..=1.0).contains(&found.probability), "{found:?}");
                        assert_eq!(found.hops.last().map(|hop| hop.amount), Some(amount));
                        assert!(found.cost >= found.fee.to_msat());
                    }
                    Err(RouteError::NoRoute(_) | RouteError::Contended) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
        is_done.store(true, Relaxed);
        assert!(found_count > 20, "{found_count} routes: the test tests little");
    });
}
