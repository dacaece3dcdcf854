//! Which way along a channel.

/// Which way along a channel: BOLT 7 numbers it by the `direction` bit of `channel_flags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From `node_id_1` to `node_id_2` (bit 0); the policy is `node_id_1`'s.
    NodeOneToTwo = 0,
    /// From `node_id_2` to `node_id_1` (bit 1); the policy is `node_id_2`'s.
    NodeTwoToOne = 1,
}

impl Direction {
    /// Both, in order.
    pub const BOTH: [Direction; 2] = [Direction::NodeOneToTwo, Direction::NodeTwoToOne];

    /// 0 or 1.
    pub const fn as_usize(self) -> usize {
        self as usize
    }

    /// The other one.
    pub const fn reversed(self) -> Direction {
        match self {
            Direction::NodeOneToTwo => Direction::NodeTwoToOne,
            Direction::NodeTwoToOne => Direction::NodeOneToTwo,
        }
    }
}
