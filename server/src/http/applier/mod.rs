//! The one ordered hand that changes what is served.
//!
//! ```text
//! handlers, gossip, reload --Change--> bounded queue --> applier thread --> graph, layers, reservations, beliefs
//!                                                            |  numbered 1, 2, 3, ...
//!                                                            '--> feed (server-sent events; later replicas)
//! ```
//! Every change has a sequence number; the same changes in the same order make the same state. A change is answered
//! once readers see it. Readers never wait for the applier.

mod applier;
mod change;
mod feed;
mod tenant_book;

pub use applier::{Applier, ApplierThread};
pub use change::{Applied, Attempt, Change, ChangeError, Effect, LayerEdit};
pub use feed::{Feed, Sequenced};
pub use tenant_book::{TenantBook, TenantView};
