//! Bytes that the library hands out.

use std::ptr;

use crate::border::border;
use crate::handle::{free, hand_out, hold, kind};
use crate::route::lend;
use crate::status::{fg_error, fg_status};

/// Bytes of this library.
pub struct fg_buffer {
    _private: (),
}

struct Buffer(Vec<u8>);

kind!(Buffer, fg_buffer, 7, "the fg_buffer");

/// Makes a handle of bytes.
pub(crate) fn hand_out_buffer(bytes: Vec<u8>) -> *mut fg_buffer {
    hand_out(Buffer(bytes))
}

/// Lends a buffer's bytes, which live as long as the buffer. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_buffer_bytes(
    buffer: *const fg_buffer,
    bytes: *mut *const u8,
    size: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let buffer = unsafe { hold::<Buffer>(buffer) }?;
        // SAFETY: the rules of the header.
        unsafe { lend(&buffer.0, bytes, size) }
    })
}

/// Frees a buffer; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_buffer_free(buffer: *mut fg_buffer) -> fg_status {
    // SAFETY: the rules of the header.
    border!(ptr::null_mut(), || unsafe { free::<Buffer>(buffer) })
}
