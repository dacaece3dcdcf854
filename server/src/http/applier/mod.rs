//! The one ordered hand that changes what is served.
//!
//! ```text
//! handlers, gossip, reload --Change--> bounded queue --> applier thread --> graph, layers, reservations, beliefs
//!                                                            |  numbered 1, 2, 3, ...
//!                                                            '--> feed (server-sent events; later replicas)
//! ```
//! What tenants have is kept in a file, where the operator names a folder for it: a change is there before it is answered.
//!
//! Every change has a sequence number; the same changes in the same order make the same state. A change is answered
//! once readers see it. Readers never wait for the applier.

mod change;
mod feed;
mod hand;
mod journal;
mod kept;
mod layer_edit_json;
mod place;
mod record;
mod rewrite;
mod tenant_book;
mod tenant_idx;
mod tenants;

pub use change::{Applied, Attempt, Change, ChangeError, DELTAS_TOGETHER, Effect, LayerEdit};
pub use feed::{Feed, Heard, Listener, Sequenced};
pub use hand::{Applier, ApplierError, ApplierThread};
pub use journal::{Damage, StateError};
pub use layer_edit_json::LayerEditJson;
pub use place::{Place, PlaceError};
pub use rewrite::rewrite_records;
pub use tenant_book::{TenantBook, TenantView};
pub use tenant_idx::TenantIdx;
