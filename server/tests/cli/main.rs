//! Runs the built command as a user does.

mod answers;
// One rule for all tests of where recorded data lies; `server` may not use the crate that holds it.
#[expect(unreachable_pub, reason = "it is public where it comes from")]
#[path = "../../../tests/src/data.rs"]
mod data;
mod faults;
mod files;
mod gossip;
mod run;
mod serve;
mod settings;
#[expect(unreachable_pub, reason = "it is public where it comes from")]
#[expect(dead_code, reason = "others need more of it")]
#[path = "../../../tests/src/signed.rs"]
mod signed;
mod simulation;
#[cfg(target_os = "linux")]
mod start;
