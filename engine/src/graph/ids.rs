//! Dense indices. They belong to one generation of the graph; only `NodeId` and `ShortChannelId` outlive it.

use primitives::Direction;

/// A node's place in one generation of the graph. Nodes that can forward come first, by falling degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIdx(u32);

/// A channel's place in one generation of the graph, in the order of `short_channel_id`s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelIdx(u32);

/// One direction of a channel: `2 * channel + direction`, so that both directions are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArcIdx(u32);

impl NodeIdx {
    /// Wraps a place.
    pub const fn from_u32(place: u32) -> Self {
        NodeIdx(place)
    }

    /// The place.
    pub const fn to_u32(self) -> u32 {
        self.0
    }

    /// The place, to index an array with.
    pub const fn to_usize(self) -> usize {
        self.0 as usize
    }
}

impl ChannelIdx {
    /// Wraps a place.
    pub const fn from_u32(place: u32) -> Self {
        ChannelIdx(place)
    }

    /// The place.
    pub const fn to_u32(self) -> u32 {
        self.0
    }

    /// The place, to index an array with.
    pub const fn to_usize(self) -> usize {
        self.0 as usize
    }

    /// The arc along `direction`.
    pub const fn arc(self, direction: Direction) -> ArcIdx {
        ArcIdx(self.0 << 1 | direction as u32)
    }
}

impl ArcIdx {
    /// Wraps a place.
    pub const fn from_u32(place: u32) -> Self {
        ArcIdx(place)
    }

    /// The place.
    pub const fn to_u32(self) -> u32 {
        self.0
    }

    /// The place, to index an array with.
    pub const fn to_usize(self) -> usize {
        self.0 as usize
    }

    /// The channel that this is one direction of.
    pub const fn channel(self) -> ChannelIdx {
        ChannelIdx(self.0 >> 1)
    }

    /// Which direction of it.
    pub const fn direction(self) -> Direction {
        if self.0 & 1 == 0 { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne }
    }

    /// The other direction of the same channel.
    pub const fn reversed(self) -> ArcIdx {
        ArcIdx(self.0 ^ 1)
    }
}
