//! The channel graph in memory: how it is collected, laid out and changed in place.
//!
//! A [`GraphBuilder`] collects; a [`Topology`] is one frozen generation with its search structures. What readers
//! may see while a writer works is the business of `snapshot`.

mod bounds;
mod builder;
mod columns;
mod contents;
mod csr;
mod discounts;
mod export;
mod foreign;
mod ids;
mod record;
mod topology;
mod update;

pub use builder::{BuildError, CHANNEL_COUNT_MAX, GraphBuilder, NODE_COUNT_MAX};
pub use contents::{ChannelDraft, FEATURE_SET_COUNT_MAX};
pub use ids::{ArcIdx, ChannelIdx, NodeIdx};
pub use topology::Topology;

pub(crate) use bounds::{BLOCK_SIZE, GridPlace};
pub(crate) use columns::Columns;
pub(crate) use contents::Contents;
pub(crate) use csr::{Adjacency, Block};
pub(crate) use discounts::{Discounts, is_discount};
pub(crate) use record::{
    ArcRecord, CLOSED, DISABLED, FOREIGN, HtlcBounds, Record, UNANNOUNCED, Wide, WideField,
};
pub(crate) use topology::{NodePlaces, Parts};
