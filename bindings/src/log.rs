//! What the library has to say beside its answers. It prints nothing itself.

use std::cell::Cell;
use std::ffi::{CString, c_char, c_void};
use std::fmt::Display;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

/// How much is told.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_log_level {
    /// Nothing.
    FG_LOG_NONE = 0,
    /// Mistakes in this library that were caught.
    FG_LOG_ERROR = 1,
    /// What a file held that was left out.
    FG_LOG_WARNING = 2,
    /// Graphs that were loaded and saved.
    FG_LOG_INFO = 3,
}

/// Takes a line of log. `level` is an fg_log_level; `message` lives until it returns; `user` is what was given with it.
/// It is called by whichever thread has something to say, never by two at once, and must not call fg_set_log.
pub type fg_log_fn = Option<unsafe extern "C" fn(level: u32, message: *const c_char, user: *mut c_void)>;

pub(crate) struct Sink {
    pub(crate) callback: unsafe extern "C" fn(level: u32, message: *const c_char, user: *mut c_void),
    pub(crate) user: *mut c_void,
}

// SAFETY: the header says that the callback is called by any thread, so the caller has promised that `user` bears it.
unsafe impl Send for Sink {}

static SINK: Mutex<Option<Sink>> = Mutex::new(None);
static LEVEL: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static IS_LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// Has everything up to a level told to a sink; `false` where it is a sink that asks.
pub(crate) fn set(sink: Option<Sink>, level: u32) -> bool {
    if IS_LOGGING.get() {
        return false;
    }
    let mut current = SINK.lock().unwrap_or_else(PoisonError::into_inner);
    LEVEL.store(if sink.is_some() { level } else { 0 }, Relaxed);
    *current = sink;
    true
}

pub(crate) fn error(message: &dyn Display) {
    tell(fg_log_level::FG_LOG_ERROR, message);
}

pub(crate) fn warning(message: &dyn Display) {
    tell(fg_log_level::FG_LOG_WARNING, message);
}

pub(crate) fn info(message: &dyn Display) {
    tell(fg_log_level::FG_LOG_INFO, message);
}

fn tell(level: fg_log_level, message: &dyn Display) {
    if level as u32 > LEVEL.load(Relaxed) || IS_LOGGING.get() {
        return;
    }
    let text = message.to_string().replace('\0', " ");
    let text = CString::new(text).expect("every nul was replaced");
    let sink = SINK.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(Sink { callback, user }) = &*sink {
        IS_LOGGING.set(true);
        // SAFETY: the caller of `fg_set_log` has promised that both may be used like this until it takes them back,
        // which waits for the lock.
        unsafe { callback(level as u32, text.as_ptr(), *user) };
        IS_LOGGING.set(false);
    }
}
