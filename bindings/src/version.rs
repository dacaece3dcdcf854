//! Which library this is.

use std::ffi::c_char;

use crate::status::fg_status;

/// Raised when a program that was compiled for an earlier header must be compiled again.
pub const FG_ABI_MAJOR: u32 = 1;
/// Raised when functions, or fields at the ends of structures, are added.
pub const FG_ABI_MINOR: u32 = 0;

/// The ABI of the library that runs: FG_ABI_MAJOR * 65536 + FG_ABI_MINOR. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn fg_abi_version() -> u32 {
    FG_ABI_MAJOR << 16 | FG_ABI_MINOR
}

/// Whether a program that was compiled for this header's FG_ABI_MAJOR and FG_ABI_MINOR may use the library that runs.
/// Any thread.
#[unsafe(no_mangle)]
#[expect(clippy::absurd_extreme_comparisons, reason = "the minor version is 0 for now")]
pub extern "C" fn fg_abi_fits(major: u32, minor: u32) -> bool {
    major == FG_ABI_MAJOR && minor <= FG_ABI_MINOR
}

/// The library's version, as "0.1.0". Lives for ever. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn fg_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The name of a status, as "FG_NO_ROUTE"; of another number "unknown". Lives for ever. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn fg_status_name(status: i32) -> *const c_char {
    const NAMES: [(fg_status, &str); 16] = [
        (fg_status::FG_OK, "FG_OK\0"),
        (fg_status::FG_NO_ROUTE, "FG_NO_ROUTE\0"),
        (fg_status::FG_WORK_LIMIT, "FG_WORK_LIMIT\0"),
        (fg_status::FG_CANCELLED, "FG_CANCELLED\0"),
        (fg_status::FG_UNKNOWN_NODE, "FG_UNKNOWN_NODE\0"),
        (fg_status::FG_UNKNOWN_CHANNEL, "FG_UNKNOWN_CHANNEL\0"),
        (fg_status::FG_BAD_QUERY, "FG_BAD_QUERY\0"),
        (fg_status::FG_CONTENDED, "FG_CONTENDED\0"),
        (fg_status::FG_BAD_ARGUMENT, "FG_BAD_ARGUMENT\0"),
        (fg_status::FG_BAD_HANDLE, "FG_BAD_HANDLE\0"),
        (fg_status::FG_BUSY, "FG_BUSY\0"),
        (fg_status::FG_BAD_INPUT, "FG_BAD_INPUT\0"),
        (fg_status::FG_IO, "FG_IO\0"),
        (fg_status::FG_BAD_UPDATE, "FG_BAD_UPDATE\0"),
        (fg_status::FG_PANIC, "FG_PANIC\0"),
        (fg_status::FG_BAD_SIGNATURE, "FG_BAD_SIGNATURE\0"),
    ];
    let found = NAMES.iter().find(|(known, _)| *known as i32 == status);
    found.map_or("unknown\0", |(_, name)| name).as_ptr().cast()
}

/// Panics, so that a test sees what becomes of it.
#[cfg(feature = "force-panic")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_force_panic(error: *mut crate::status::fg_error) -> fg_status {
    crate::border::border!(error, || panic!("forced, for a test"))
}
