//! The flag that ends queries early.

use engine::stop::Stop;

use crate::border::{Out, border};
use crate::handle::{free, hand_out, hold, kind};
use crate::status::{fg_error, fg_status};

/// A flag that ends the queries which carry it.
pub struct fg_cancel {
    _private: (),
}

kind!(Stop, fg_cancel, 1, "the fg_cancel");

/// Makes a flag that is down. Free it with fg_cancel_free when no query that carries it is running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_cancel_new(cancel: *mut *mut fg_cancel, error: *mut fg_error) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("cancel", cancel, std::ptr::null_mut()) }?;
        out.put(hand_out(Stop::new()));
        Ok(())
    })
}

/// Raises the flag: queries that carry it end within some microseconds, plans with the path that they look for, with
/// FG_CANCELLED, or with what they have. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_cancel_set(cancel: *const fg_cancel) -> fg_status {
    // SAFETY: the rules of the header.
    border!(std::ptr::null_mut(), || unsafe { hold::<Stop>(cancel) }.map(|stop| stop.set(true)))
}

/// Lowers the flag. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_cancel_clear(cancel: *const fg_cancel) -> fg_status {
    // SAFETY: the rules of the header.
    border!(std::ptr::null_mut(), || unsafe { hold::<Stop>(cancel) }.map(|stop| stop.set(false)))
}

/// Frees the flag; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_cancel_free(cancel: *mut fg_cancel) -> fg_status {
    // SAFETY: the rules of the header.
    border!(std::ptr::null_mut(), || unsafe { free::<Stop>(cancel) })
}
