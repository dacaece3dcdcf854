//! Paths without loops by rising weight, until one is new and can be paid.
//!
//! Yen's ranking ("Finding the k shortest loopless paths in a network", 1971) as Lawler shortened it (1972): every path
//! that is taken from the queue is left again at each of its nodes behind the one where it left its own predecessor. The
//! part before stays, its nodes are forbidden, and so are the arcs over which paths with the same beginning went on. Each
//! path is made once, and they come in order of their weight.

use super::banned::Banned;
use super::graph::Graph;
use super::query::PathCounts;
use super::search::Search;

/// A path that may be next.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) arcs: Vec<u32>,
    pub(super) weight: u64,
    /// The node, counted from the payer, at which it leaves a path before.
    left_at: usize,
}

/// What comes of looking for the next path.
#[derive(Debug)]
pub(super) enum Next {
    /// The path of least weight of those that are accepted.
    Path(Candidate),
    /// There is none.
    NoOther,
    /// [`CANDIDATE_COUNT_MAX`] paths were refused.
    WorkLimit,
}

/// One round: the weights stay as they are.
pub(super) struct Ranking<'a> {
    pub(super) graph: Graph<'a>,
    /// Nodes that no path may use, by number and sorted.
    pub(super) avoided: &'a [u32],
    pub(super) search: &'a mut Search,
    pub(super) counts: &'a mut PathCounts,
}

impl Ranking<'_> {
    /// Takes paths by rising weight until one is accepted.
    pub(super) fn next(&mut self, mut is_accepted: impl FnMut(&[u32]) -> bool) -> Next {
        let mut waiting = Vec::new();
        let mut refused: Vec<Candidate> = Vec::new();
        self.leave(&Candidate { arcs: Vec::new(), weight: 0, left_at: 0 }, 0, &refused, &mut waiting);
        while let Some(best) = (0..waiting.len()).min_by_key(|&at: &usize| waiting[at].weight) {
            let candidate = waiting.swap_remove(best);
            if is_accepted(&candidate.arcs) {
                return Next::Path(candidate);
            }
            refused.push(candidate);
            if refused.len() == CANDIDATE_COUNT_MAX {
                return Next::WorkLimit;
            }
            let candidate = refused.last().expect("one was pushed").clone();
            for at in candidate.left_at..candidate.arcs.len() {
                self.leave(&candidate, at, &refused, &mut waiting);
            }
        }
        Next::NoOther
    }

    /// Looks for the best path that goes along `path` up to its node `at` and then another way than all before.
    fn leave(&mut self, path: &Candidate, at: usize, refused: &[Candidate], waiting: &mut Vec<Candidate>) {
        let world = self.graph.world;
        let mut arcs = path.arcs[..at].to_vec();
        let from = arcs.last().map_or(world.payer, |&arc| world.head(arc));
        let nodes: Vec<u32> = arcs.iter().map(|&arc| world.tail(arc)).collect();
        let with_same_start = refused.iter().filter(|other| other.arcs.starts_with(&arcs));
        let used: Vec<u32> = with_same_start.filter_map(|other| other.arcs.get(at).copied()).collect();
        let banned = Banned { avoided: self.avoided, nodes: &nodes, arcs: &used };
        let start: u64 = arcs.iter().map(|&arc| self.weight(arc)).sum();
        if let Some(rest) = self.search.find(self.graph, from, banned, &mut arcs, self.counts) {
            waiting.push(Candidate { arcs, weight: start.saturating_add(rest), left_at: at });
        }
    }

    fn weight(&self, arc: u32) -> u64 {
        self.graph.world.base(arc, self.graph.uses)
            + self.graph.world.fee(arc).expect("an arc of a path has a weight")
    }
}

/// The most paths that are refused before the search for the next one is given up.
pub const CANDIDATE_COUNT_MAX: usize = 100;
