//! The arcs into a node that may still matter, for nodes that the label search expands again and again.
//!
//! A hub has thousands of arcs of which a handful lead on to better routes, and under limits it has dozens of labels.
//! What an arc costs at least, and what lies before it at least, is the same for all of them.

use hashbrown::HashMap;

use crate::graph::Record;

/// The shortlists of a search.
#[derive(Debug, Default)]
pub(super) struct Shortlists {
    of_node: HashMap<u32, Shortlist>,
    arcs: Vec<Listed>,
}

/// An arc as the label search crosses it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) tail: u32,
    pub(super) arc: u32,
    pub(super) record: Record,
}

/// An arc on a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    pub(super) step: Step,
    /// What a label pays at least for the arc and for what lies before it.
    pub(super) least: u64,
}

/// One node's part.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shortlist {
    /// One label has been expanded without a list.
    Seen,
    /// The list holds for labels whose key is not below `key`.
    Made {
        /// The least key it was made for.
        key: u64,
        start: u32,
        end: u32,
    },
}

impl Shortlists {
    /// Forgets all of them, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.of_node.clear();
        self.arcs.clear();
    }

    /// Where the list for a label of this key lies; `None` where there is none. The first label of a node is expected
    /// to be the last: only for the second is it worth while to make a list.
    pub(super) fn find(&mut self, node: u32, key: u64) -> Found {
        match self.of_node.get(&node) {
            Some(&Shortlist::Made { key: least, start, end }) if key >= least => Found::List { start, end },
            Some(_) => Found::Worthwhile,
            None => {
                self.of_node.insert(node, Shortlist::Seen);
                Found::Nothing
            }
        }
    }

    /// Begins a new list.
    pub(super) fn start(&self) -> u32 {
        self.arcs.len() as u32
    }

    /// Adds an arc to the list that has begun.
    pub(super) fn push(&mut self, listed: Listed) {
        self.arcs.push(listed);
    }

    /// Ends the list that began at `start`: cheapest first.
    pub(super) fn finish(&mut self, node: u32, key: u64, start: u32) {
        self.arcs[start as usize..].sort_unstable_by_key(|listed| listed.least);
        let end = self.arcs.len() as u32;
        self.of_node.insert(node, Shortlist::Made { key, start, end });
    }

    /// An arc of a list.
    pub(super) fn get(&self, place: u32) -> Listed {
        self.arcs[place as usize]
    }
}

/// What is known of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Its list.
    List { start: u32, end: u32 },
    /// There is none, but it should be made.
    Worthwhile,
    /// There is none, and none is needed.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_made_for_the_second_label_and_again_for_a_cheaper_one() {
        let mut lists = Shortlists::default();
        assert_eq!(lists.find(7, 100), Found::Nothing);
        assert_eq!(lists.find(7, 90), Found::Worthwhile);
        let start = lists.start();
        for least in [30, 10, 20] {
            let step = Step { tail: least as u32, arc: 0, record: Record::from_words([0; 3]) };
            lists.push(Listed { step, least });
        }
        lists.finish(7, 90, start);
        assert_eq!(lists.find(7, 95), Found::List { start: 0, end: 3 });
        assert_eq!([0, 1, 2].map(|at| lists.get(at).least), [10, 20, 30]);
        assert_eq!(lists.find(7, 89), Found::Worthwhile);
        lists.clear();
        assert_eq!(lists.find(7, 100), Found::Nothing);
    }
}
