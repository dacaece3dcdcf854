//! Beliefs that leave the process and come from others: an own file, and the forms of three peers.
//!
//! | form | told of | read | written |
//! |---|---|---|---|
//! | own file | channels | all | all |
//! | LND mission control, JSON | pairs of nodes | what is sure of a channel | what is sure of a pair |
//! | Core Lightning layers, JSON | directions | all | all |
//! | LDK scores | channels | bounds; histories are skipped | bounds |
//!
//! A reader takes a slice, whose end bounds its work, and tells one [`Learnt`] after the other to a sink; it collects
//! nothing. What it told before an error stays told. Layouts: docs/formats.md.

mod json;
mod layers;
mod ldk;
mod learnt;
mod mission_control;
mod own;
mod take;

pub use layers::{LayersError, read_inform_channel, read_layers, write_layers};
pub use ldk::{ScoresError, read_ldk_scores, write_ldk_scores};
pub use learnt::{Learnt, Taken};
pub use mission_control::{
    MissionControlError, MissionControlSummary, read_mission_control, write_mission_control,
    write_mission_control_pair,
};
pub use own::{BELIEFS_FILE_VERSION, BeliefsFileError, read_beliefs, write_beliefs};
