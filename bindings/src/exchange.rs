//! Beliefs from elsewhere, and to elsewhere.

use std::ptr;

use engine::belief::exchange::{
    Taken, read_beliefs, read_layers, read_ldk_scores, read_mission_control, write_beliefs, write_layers,
    write_ldk_scores, write_mission_control,
};
use primitives::UnixTime;

use crate::beliefs::{BeliefTable, fg_beliefs};
use crate::border::{Out, border, list};
use crate::buffer::{fg_buffer, hand_out_buffer};
use crate::failure::Failure;
use crate::handle::hold;
use crate::status::{fg_error, fg_status};

/// A form that beliefs have outside; docs/formats.md.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_beliefs_format {
    /// Fulgurite's own: all, exactly.
    FG_BELIEFS_OWN = 0,
    /// LND's mission control, JSON.
    FG_BELIEFS_MISSION_CONTROL = 1,
    /// Core Lightning's layers, JSON.
    FG_BELIEFS_LAYERS = 2,
    /// LDK's scores.
    FG_BELIEFS_LDK_SCORES = 3,
}

/// Takes over beliefs in an fg_beliefs_format, beside those that are known. `known` and `unknown`, which may be null,
/// are told how many statements were and were not of channels of the graph. What was read before an error stays.
/// `now`, in seconds since 1970, is for statements without a time. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_read(
    beliefs: *const fg_beliefs,
    format: u32,
    bytes: *const u8,
    size: usize,
    now: u32,
    known: *mut u64,
    unknown: *mut u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<BeliefTable>(beliefs) }?;
        // SAFETY: the rules of the header.
        let bytes = unsafe { list("bytes", bytes, size) }?;
        let mut taken = Taken::default();
        table.with(|beliefs, snapshot| {
            let take = |name, learnt| beliefs.take_counted(name, learnt, &mut taken);
            match format {
                0 => read_beliefs(bytes, take).map(drop).map_err(Failure::from),
                1 => read_mission_control(bytes, snapshot, take).map(drop).map_err(Failure::from),
                2 => read_layers(bytes, UnixTime::from_secs(now), take).map_err(Failure::from),
                3 => read_ldk_scores(bytes, take).map(drop).map_err(Failure::from),
                _ => Err(no_format(format)),
            }
        })?;
        for (what, place, count) in
            [("known", known, taken.known_count), ("unknown", unknown, taken.unknown_count)]
        {
            if !place.is_null() {
                // SAFETY: the rules of the header.
                unsafe { Out::new(what, place, count) }?;
            }
        }
        Ok(())
    })
}

/// Writes what is believed in an fg_beliefs_format. Free the buffer with fg_buffer_free. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_write(
    beliefs: *const fg_beliefs,
    format: u32,
    buffer: *mut *mut fg_buffer,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("buffer", buffer, ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<BeliefTable>(beliefs) }?;
        let mut bytes = Vec::new();
        table.with(|beliefs, snapshot| {
            let written = match format {
                0 => write_beliefs(beliefs, &mut bytes),
                1 => write_mission_control(beliefs, snapshot, &mut bytes),
                2 => write_layers(beliefs, "fulgurite", &mut bytes),
                3 => write_ldk_scores(beliefs, &mut bytes),
                _ => return Err(no_format(format)),
            };
            written.map(drop).map_err(Failure::from)
        })?;
        out.put(hand_out_buffer(bytes));
        Ok(())
    })
}

fn no_format(format: u32) -> Failure {
    Failure::Range { what: "format", value: u64::from(format), expected: "an fg_beliefs_format" }
}
