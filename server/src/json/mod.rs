//! Queries and answers as JSON: one model for the command line and for HTTP. Amounts are integers in msat, ids are text
//! as BOLT 7 writes them.
//!
//! Not here: which query may be asked of whom, and how an answer travels.

mod answer;
mod channel;
mod cost;
mod field_error;
mod htlc;
mod names;
mod plan_query;
mod query;
mod refusal;
mod text;

pub use answer::{HopJson, PlanJson, PlanPartJson, RouteJson};
pub use channel::{AnyChannel, AnyChannelText};
pub use cost::{CostJson, CostName};
pub use field_error::FieldError;
pub use htlc::HtlcJson;
pub use names::{direction_number, error_code, method_name, plan_error_code};
pub use plan_query::{MaximumRuleJson, PlanQueryJson};
pub use query::{AvoidJson, ExtraArcJson, FirstChannelJson, LimitsJson, QueryJson};
pub use refusal::RefusalJson;
pub use text::{NodeIdText, ScidDirText, ScidText, Text, TextForm};
