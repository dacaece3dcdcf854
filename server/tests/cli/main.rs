//! Runs the built command as a user does.

mod answers;
// One rule for all tests of where recorded data lies; `server` may not use the crate that holds it.
#[expect(unreachable_pub, reason = "it is public where it comes from")]
#[path = "../../../tests/src/data.rs"]
mod data;
mod faults;
mod files;
mod run;
mod serve;
mod simulation;
