//! What failures that say nothing of liquidity forbid, and what they prove.

use std::sync::Arc;

use engine::belief::{Advice, Beliefs, FailureCode, HalfLives, Outcome, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::pay::{PayBudget, PayEnd, PayInput, PayOutput, PayReport, PayWorld, Payment, SentPart};
use engine::query::{ExtraArc, RouteQuery};
use primitives::{Direction, GraphDelta, Msat, UnixTime};
use tests::network::{base_policy, node};

use super::world::{scid, two_to_one};

const NOW: UnixTime = UnixTime::from_secs(1_000_000);

fn payment(amount_sat: u64) -> Payment {
    let route = RouteQuery::new(node(0), node(2), Msat::from_msat(1000 * amount_sat));
    Payment::new(PlanQuery::new(route), Prior::Uniform, PayBudget::default())
}

/// All that is to be sent now, or the end.
fn sent(payment: &mut Payment, world: PayWorld<'_>) -> Result<Vec<SentPart>, PayReport> {
    let (mut space, mut parts) = (PlanWorkspace::default(), Vec::new());
    while let Some(output) = payment.poll_output(world, NOW, &mut space) {
        match output {
            PayOutput::Send(part) => parts.push(part),
            PayOutput::End(report) => return Err(report),
        }
    }
    Ok(parts)
}

/// How a payment ends of which every part fails in this way.
fn end_of(outcome: Outcome) -> PayEnd {
    let writer = two_to_one();
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let world = PayWorld { snapshot, beliefs: &beliefs };
    let mut payment = payment(100_000);
    loop {
        match sent(&mut payment, world) {
            Ok(parts) => {
                assert!(!parts.is_empty(), "it waits for nothing");
                for part in parts {
                    payment.handle(world, NOW, PayInput { part: part.id, outcome });
                }
            }
            Err(report) => return report.end,
        }
    }
}

#[test]
fn what_is_left_out_for_a_while_proves_nothing_impossible() {
    // 0x2002 of the only node between.
    let code = FailureCode::TemporaryNodeFailure;
    let end = end_of(Outcome::Failed { erring_node: 1, code });
    assert!(matches!(end, PayEnd::NoPlan(_)), "{end:?}");
    let end = end_of(Outcome::Unreadable);
    assert!(matches!(end, PayEnd::NoPlan(_)), "{end:?}");
    // Where the channel lacks the liquidity, it is proven.
    let code = FailureCode::TemporaryChannelFailure;
    let end = end_of(Outcome::Failed { erring_node: 1, code });
    assert!(matches!(end, PayEnd::Impossible(_)), "{end:?}");
}

#[test]
fn a_blinded_path_that_fails_ends_the_payment_to_it() {
    // The route ends at the path's first node, which says so.
    let code = FailureCode::InvalidOnionBlinding;
    assert_eq!(end_of(Outcome::Failed { erring_node: 2, code }), PayEnd::BlindedPath);
}

#[test]
fn of_two_blinded_paths_the_one_that_fails_is_left_out() {
    let writer = two_to_one();
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let world = PayWorld { snapshot, beliefs: &beliefs };
    // Both begin at node 2, and the way there is the same.
    let path = |number, fee_base_msat| ExtraArc {
        short_channel_id: scid(number),
        tail: node(2),
        head: node(9),
        policy: base_policy(fee_base_msat, Msat::from_msat(10_000_000_000)),
        capacity: None,
    };
    let mut route = RouteQuery::new(node(0), node(9), Msat::from_msat(100_000));
    route.extra_arcs = vec![path(8, 0), path(9, 10_000)];
    let mut payment = Payment::new(PlanQuery::new(route), Prior::Uniform, PayBudget::default());
    for over in [8, 9] {
        let parts = sent(&mut payment, world).expect("there is a way");
        let [part] = &parts[..] else { panic!("{parts:?}") };
        assert_eq!(part.part.hops.last().map(|hop| hop.short_channel_id), Some(scid(over)));
        let outcome = Outcome::Failed { erring_node: 2, code: FailureCode::InvalidOnionBlinding };
        payment.handle(world, NOW, PayInput { part: part.id, outcome });
    }
    let end = sent(&mut payment, world).expect_err("no path is left").end;
    assert!(matches!(end, PayEnd::NoPlan(_)), "{end:?}");
}

#[test]
fn parts_of_one_plan_complain_of_one_policy() {
    let mut writer = two_to_one();
    let snapshot = Arc::clone(writer.snapshot());
    let beliefs = Beliefs::new(&snapshot, HalfLives::default());
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let mut payment = payment(700_000);
    let parts = sent(&mut payment, world).expect("parts");
    assert_eq!(parts.len(), 2, "no channel of the payer has room for all: {parts:?}");
    let complaint = Outcome::Failed { erring_node: 1, code: FailureCode::FeeInsufficient };
    let advice = payment.handle(world, NOW, PayInput { part: parts[0].id, outcome: complaint });
    assert_eq!(advice, Some(Advice::Reprice { hop: 1 }));

    let update = GraphDelta::PolicyUpdated {
        short_channel_id: scid(3),
        direction: Direction::NodeOneToTwo,
        policy: base_policy(1000, Msat::from_msat(10_000_000_000)),
    };
    writer.apply(&update).unwrap();
    writer.publish();
    let world = PayWorld { snapshot: writer.snapshot(), beliefs: &beliefs };
    payment.handle(world, NOW, PayInput { part: parts[1].id, outcome: complaint });

    let again = sent(&mut payment, world).expect("the new policy has not been tried");
    assert_eq!(again.len(), 2, "{again:?}");
    for part in &again {
        assert_eq!(part.part.hops.last().map(|hop| hop.short_channel_id), Some(scid(3)));
        assert_eq!(part.part.fee, Msat::from_msat(1000), "{part:?}");
    }
    for part in again {
        payment.handle(world, NOW, PayInput { part: part.id, outcome: Outcome::Settled });
    }
    assert_eq!(sent(&mut payment, world).expect_err("it is over").end, PayEnd::Paid);
}

#[test]
fn a_payee_that_fails_for_a_while_is_asked_again() {
    let writer = two_to_one();
    let snapshot = writer.snapshot();
    // BOLT 4: 0x2002, 17, 23, and NODE|25 of the trampoline proposal.
    for code in [0x2002, 17, 23, 0x2019].map(FailureCode::from_u16) {
        let beliefs = Beliefs::new(snapshot, HalfLives::default());
        let world = PayWorld { snapshot, beliefs: &beliefs };
        let mut payment = payment(100_000);
        let first = sent(&mut payment, world).expect("there is a way");
        for part in &first {
            let outcome = Outcome::Failed { erring_node: part.part.hops.len(), code };
            payment.handle(world, NOW, PayInput { part: part.id, outcome });
        }
        let again = sent(&mut payment, world).unwrap_or_else(|report| panic!("{code:?}: {report:?}"));
        // Nothing on the way is to blame, and the payee is not left out.
        let ways = |parts: &[SentPart]| parts.iter().map(|part| part.part.hops.clone()).collect::<Vec<_>>();
        assert_eq!(ways(&again), ways(&first), "{code:?}");
        for part in again {
            payment.handle(world, NOW, PayInput { part: part.id, outcome: Outcome::Settled });
        }
        let report = sent(&mut payment, world).expect_err("it is over");
        assert_eq!((report.end, report.attempt_count), (PayEnd::Paid, 2), "{code:?}");
    }
}

#[test]
fn a_payee_that_goes_on_failing_uses_up_the_attempts() {
    let attempt_count_max = PayBudget::default().attempt_count_max;
    for code in [FailureCode::TemporaryNodeFailure, FailureCode::FinalExpiryTooSoon, FailureCode::MppTimeout]
    {
        let end = end_of(Outcome::Failed { erring_node: 2, code });
        assert_eq!(end, PayEnd::AttemptLimit { attempt_count_max }, "{code:?}");
    }
}

#[test]
fn a_payee_that_goes_on_failing_is_not_asked_after_the_deadline() {
    let writer = two_to_one();
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let world = PayWorld { snapshot, beliefs: &beliefs };
    let route = RouteQuery::new(node(0), node(2), Msat::from_msat(100_000_000));
    let deadline = UnixTime::from_secs(NOW.to_secs() + 10);
    let budget = PayBudget { deadline: Some(deadline), ..PayBudget::default() };
    let mut payment = Payment::new(PlanQuery::new(route), Prior::Uniform, budget);
    for part in sent(&mut payment, world).expect("there is a way") {
        let outcome = Outcome::Failed { erring_node: 2, code: FailureCode::TemporaryNodeFailure };
        payment.handle(world, NOW, PayInput { part: part.id, outcome });
    }
    let output = payment.poll_output(world, deadline, &mut PlanWorkspace::default());
    let Some(PayOutput::End(report)) = output else { panic!("{output:?}") };
    assert_eq!(report.end, PayEnd::Deadline);
}

#[test]
fn a_payees_last_word_ends_the_payment_at_once() {
    // Of the payee with PERM (15, 16, NODE|2, NODE|3, 22); a fee that has to rise; and a code that nobody knows.
    for code in [0x400f, 0x4010, 0x6002, 0x6003, 0x4016, 0x201a, 0x2fff].map(FailureCode::from_u16) {
        let end = end_of(Outcome::Failed { erring_node: 2, code });
        assert_eq!(end, PayEnd::Refused { code });
    }
}
