//! Where the label search only completes the fast one, it looks at the arcs that the fast one's forward search has labelled
//! over, and at no others (docs/search.md, lemma 5).

use super::discount::{is_side, node_of, ungraded};
use super::labels::{Explored, NO_ARC};
use super::pareto::{Completion, ParetoLabel, Search};
use super::shortlist::Step;
use crate::cost::HopCost;

impl<'a, C: HopCost> Search<'a, '_, C> {
    /// In a search that completes the fast one: whether only arcs that its forward search has labelled over can lead
    /// to a better route.
    pub(super) fn completion_for(&self, label: &ParetoLabel) -> Option<Completion<'a>> {
        let completion = self.task.completes?;
        let is_meeting = label.parent == NO_ARC && label.arc == NO_ARC;
        (is_meeting || label.key >= completion.backward_frontier).then_some(completion)
    }

    /// Expands a label over those arcs. What led to any grade of a side door leads to its states.
    pub(super) fn complete(&mut self, place: u32, label: &ParetoLabel, completion: Completion<'a>) {
        let left = self.bound().saturating_sub(self.problem.tolerance).saturating_sub(label.key);
        let mut next_door = self.nodes.graded(label.node).next();
        while let Some(door) = next_door {
            next_door = self.nodes.next_graded(door);
            let mut way = self.nodes.find(door).map_or(NO_ARC, |known| known.forward_way);
            while let Some(&Explored { tail, arc, next, cost, .. }) = completion.explored.get(way as usize) {
                if cost < left && tail != self.problem.payer {
                    self.relaxed += 1;
                    let step = Step { tail: ungraded(tail), arc, record: self.problem.record(arc) };
                    self.relax(place, label, step);
                    // The main door may be behind that one (`doors`).
                    if is_side(tail) {
                        self.relax(place, label, Step { tail: node_of(tail), ..step });
                    }
                }
                way = next;
            }
        }
    }
}
