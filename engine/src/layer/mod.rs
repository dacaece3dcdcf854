//! Named layers over the graph, as in Core Lightning's askrene: extra channels, changed policies, disabled nodes and
//! channels, what is known of liquidity, and biases. A query names the layers that it wants; the graph is neither copied
//! nor changed.
//!
//! ```text
//! LayerWriter --edit--> Layer (names) --publish--> LayerSet, immutable
//!                                                     | Layers::stack(["a", "b"])
//!                                                     v
//! RouteQuery <-------------------------------- LayerStack: versions, pinned
//!     |  snapshot                                     | once a stack and publication of the graph
//!     '--> Adjustments (numbers of that snapshot) <---'
//! ```
//! # How layers combine, in the order in which the query names them
//!
//! | entry | together |
//! |---|---|
//! | disabled node, direction | disabled if any layer says so, whatever the others say |
//! | created channel | the first one of its name; none that the graph has |
//! | channel update | field by field, the last word counts; what no layer says stays the graph's, as gossip changes it |
//! | constraint | the tightest: the greatest minimum, the least maximum; a minimum above that is lowered to it |
//! | bias | the sum of those of the channel, of its tail's `out_bias` and its head's `in_bias`, at most 100 either way |
//!
//! In one layer, too, all constraints of a direction apply. Each of the two bounds that come of them has a timestamp of its
//! own, and is forgotten by itself.
//!
//! An entry may name what the graph does not know (yet); it counts as soon as it does, also for a query's own arcs. A
//! created channel carries payments in the directions that have a channel update, with no fee and no limit but its
//! capacity where the update does not say otherwise. A bias multiplies what a hop costs ([`cost`](crate::cost)), its fee
//! included, by 30^(-bias/100), in routes and in plans; it steers, and changes no fee that is paid. Where a query counts
//! inbound fees (bLIP-18), a favour leaves fees as they are: what a discount takes back is money, and of a fee that counts
//! for less it could take back more than was charged. askrene knows no inbound fees; a query that ignores them has its
//! biases to the letter.
//!
//! # What a reader sees, and when
//!
//! - An edit is visible to stacks that are made after the next [`LayerWriter::publish`]; a stack shows the versions of its
//!   layers that were published when it was made, for as long as it is held.
//! - A stack is compiled when it is first used with a publication of the graph, in some 10 ms for 100,000 entries. Two
//!   queries may both compile it then; neither waits.
//! - Policies that gossip changes are seen at once, as without layers: fields that a layer sets hide them, others do not.
//!
//! # What it costs
//!
//! A query that names no layer pays nothing. One that does pays a bit test for each arc that it looks at, and a look-up
//! in a table for each that a layer changes. Arcs that a layer made cheaper leave the order of their node's list and are
//! always looked at.
//!
//! Not here: amounts in flight (`reserve`), what outcomes of payments teach by themselves (beliefs).

mod adjustments;
mod bits;
mod change;
mod compile;
mod constraint;
mod edit;
mod json_read;
mod json_write;
mod set;
mod stack;

pub use adjustments::Adjustments;
pub use change::{Bias, BiasStep, CreatedChannel, NodeBias, PolicyChange, Side};
pub use constraint::{Bound, Constraint, Inform};
pub use edit::{
    LAYER_COUNT_MAX, LAYER_DESCRIPTION_SIZE_MAX, LAYER_ENTRY_COUNT_MAX, LAYER_NAME_SIZE_MAX, Layer,
    LayerError, STACK_LAYER_COUNT_MAX,
};
pub use json_read::{LAYER_JSON_SIZE_MAX, LayerJsonError, read_layers};
pub use json_write::{layer_pieces, write_layers};
pub use set::{LayerWriter, Layers};
pub use stack::LayerStack;

pub(crate) use adjustments::ArcChange;
