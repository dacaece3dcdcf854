//! What a file was, and what of it is not in the graph, in words.

use std::borrow::Cow;

use engine::import::{CsvNotes, Format, GossipStoreNotes, ImportNotes, RgsNotes};
use serde::Serialize;

use crate::graph_file::Source;

/// Something that an import left out or wants known.
#[derive(Debug, Serialize)]
pub(crate) struct Note {
    /// How many.
    pub(crate) count: u64,
    /// Of what, and why.
    pub(crate) what: Cow<'static, str>,
}

/// The format in words.
pub(crate) fn format_name(source: &Source) -> String {
    let packed = if source.compressed { ", zstd-compressed" } else { "" };
    source.format.map_or_else(|| "generated".to_owned(), |format| format!("{format}{packed}"))
}

/// The format's stable name.
pub(crate) fn format_code(source: &Source) -> &'static str {
    match source.format {
        None => "generated",
        Some(Format::Csv) => "csv",
        Some(Format::LndJson) => "lnd_json",
        Some(Format::GossipStore) => "gossip_store",
        Some(Format::Rgs) => "rgs",
        Some(Format::Snapshot) => "snapshot",
        Some(Format::Zstd) => "zstd",
    }
}

/// What there is to tell.
pub(crate) fn notes(source: &Source) -> Vec<Note> {
    let mut notes = match &source.notes {
        ImportNotes::None => Vec::new(),
        ImportNotes::Csv(notes) => of_csv(notes),
        ImportNotes::GossipStore(notes) => of_gossip_store(notes),
        ImportNotes::Rgs(notes) => of_rgs(notes),
    };
    notes.retain(|note| note.count > 0);
    notes
}

fn note(count: u64, what: &'static str) -> Note {
    Note { count, what: what.into() }
}

fn of_csv(notes: &CsvNotes) -> Vec<Note> {
    let Some(line) = notes.unended_line else { return Vec::new() };
    let what = format!("row at the end without a line break (line {line}): the file may be cut within it");
    vec![Note { count: 1, what: what.into() }]
}

fn of_gossip_store(notes: &GossipStoreNotes) -> Vec<Note> {
    vec![
        note(
            u64::from(notes.record_count == 0 && notes.torn_at.is_none()),
            "version byte and nothing behind it: the store holds no channel",
        ),
        note(notes.deleted_count, "records skipped: marked deleted"),
        note(notes.zombie_count, "records skipped: of zombie channels"),
        note(notes.private_count, "records skipped: of private channels"),
        note(notes.orphan_count, "updates and nodes skipped: of channels that are not in the store"),
        note(notes.old_update_count, "updates skipped: without htlc_maximum_msat"),
        note(notes.unknown_count, "records skipped: of an unknown type"),
        note(notes.dying_count, "channels kept although their funding output was spent"),
        note(u64::from(notes.superseded), "mark at the end: a newer file has replaced this one"),
        note(
            u64::from(notes.torn_at.is_some()),
            "torn record at the end, as after a crash; nothing behind it was read",
        ),
    ]
}

fn of_rgs(notes: &RgsNotes) -> Vec<Note> {
    vec![
        note(notes.duplicate_count, "channels skipped: known already"),
        note(notes.stale_count, "updates skipped: no newer than the policy that is known"),
        note(
            notes.orphan_count,
            "updates skipped: of unknown channels, or differences to a policy that is unknown",
        ),
    ]
}
