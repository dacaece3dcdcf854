//! Node ids in C.

use std::ffi::c_char;

use primitives::NodeId;

use crate::border::{Out, border, out_list, reference, text};
use crate::failure::Failure;
use crate::status::{fg_error, fg_status};

/// A node's compressed public key. Its layout never changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct fg_node_id {
    pub bytes: [u8; 33],
}

/// Reads 66 hexadecimal digits. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_node_id_parse(
    digits: *const c_char,
    node_id: *mut fg_node_id,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("node_id", node_id, fg_node_id { bytes: [0; 33] }) }?;
        // SAFETY: the rules of the header.
        out.put(unsafe { parse("digits", digits) }?);
        Ok(())
    })
}

/// Writes 66 hexadecimal digits and a nul to `digits`, which has room for 67 bytes. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_node_id_format(
    node_id: *const fg_node_id,
    digits: *mut c_char,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let digits = unsafe { out_list("digits", digits, 67, || 0) }?;
        // SAFETY: the rules of the header.
        let node_id = unsafe { reference("node_id", node_id) }?;
        for (to, from) in digits.iter_mut().zip(node_id.read("node_id", 0)?.to_string().bytes()) {
            *to = from as c_char;
        }
        Ok(())
    })
}

/// Reads 66 hexadecimal digits.
///
/// # Safety
/// By the rules of the header, `digits` is null or leads to a terminated text.
pub(crate) unsafe fn parse(what: &'static str, digits: *const c_char) -> Result<fg_node_id, Failure> {
    // SAFETY: this function's own promise.
    let digits = unsafe { text(what, digits) }?;
    // What is no UTF-8 has a character that is no digit.
    let parsed: NodeId =
        digits.to_string_lossy().parse().map_err(|error| Failure::NodeIdText { what, error })?;
    Ok(parsed.into())
}

impl fg_node_id {
    /// The id; `what` and `place` are told where it is none.
    #[inline]
    pub(crate) fn read(&self, what: &'static str, place: usize) -> Result<NodeId, Failure> {
        NodeId::from_bytes(self.bytes).map_err(|error| Failure::NodeId { what, place, error })
    }
}

impl From<NodeId> for fg_node_id {
    fn from(node_id: NodeId) -> Self {
        fg_node_id { bytes: *node_id.as_bytes() }
    }
}
