//! Who is told.

use std::ffi::c_void;

use crate::border::border;
use crate::failure::Failure;
use crate::log::{self, Sink, fg_log_fn, fg_log_level};
use crate::status::{fg_error, fg_status};

/// Has everything up to `level` (an fg_log_level) told to `callback`, for all graphs; null tells nobody. When it
/// returns, the former callback is not running and will not be called any more. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_set_log(
    callback: fg_log_fn,
    user: *mut c_void,
    level: u32,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        if level > fg_log_level::FG_LOG_INFO as u32 {
            let expected = "an fg_log_level";
            return Err(Failure::Range { what: "level", value: u64::from(level), expected });
        }
        if !log::set(callback.map(|callback| Sink { callback, user }), level) {
            return Err(Failure::Busy { what: "the log" });
        }
        Ok(())
    })
}
