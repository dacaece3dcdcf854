//! Every number that was fitted to the real graph, and nothing else. `docs/synthetic.md` tells how.

pub(super) mod group;
pub(super) mod policy;
pub(super) mod shape;
