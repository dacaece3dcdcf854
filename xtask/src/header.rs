//! The header, from the functions and types of `bindings`.

use std::path::PathBuf;

use cbindgen::{Builder, DocumentationStyle, EnumConfig, ExportConfig, Language, Style};

use crate::root;

/// The sources, in the order in which the header has them.
const SOURCES: [&str; 23] = [
    "status",
    "version",
    "log",
    "set_log",
    "node_id",
    "cancel",
    "graph",
    "update",
    "gossip",
    "view",
    "query",
    "query_init",
    "find",
    "route",
    "plan",
    "beliefs",
    "buffer",
    "exchange",
    "layers",
    "layer_edit",
    "reservations",
    "plan_part",
    "onions",
];

/// What no function mentions.
const MENTIONED_NOWHERE: [&str; 6] =
    ["fg_log_level", "fg_format", "fg_cost", "fg_outcome", "fg_beliefs_format", "fg_inform"];

const OPENING: &str = "\
// Fulgurite: payment routing and pathfinding for the Lightning Network, in C.
//
// The rules, for all functions:
// - A pointer that is not null leads to as much memory of its type as the function says, and to memory that nobody else
//   writes to during the call. Null, sizes and numbers out of range, freed handles and handles of another kind are
//   errors; nothing is undefined about them.
// - What a function makes is the caller's, who frees it with the function that it names. What is lent (bytes, packets)
//   lives as long as the handle that lends it. Nothing else is kept: arguments may go when a call returns.
// - A handle may be used by any number of threads at once. It cannot be freed while another call uses it (FG_BUSY), and
//   not twice (FG_BAD_HANDLE).
// - Queries never wait for changes of the graph; changes wait for one another.
// - No function exits or lets a panic out; none prints, but for a line of Rust on standard error where one panics.
//   Where one fails, handles that it should have made are null.
// - Structures with a size may grow; their size tells which fields the caller knows. Others never change.
//
// docs/bindings/c.md begins with ten lines that find a route.
";

/// The text of the header.
///
/// # Errors
/// Where the sources do not parse.
pub fn header() -> Result<String, HeaderError> {
    let mut builder = Builder::new()
        .with_config(cbindgen::Config {
            language: Language::C,
            cpp_compat: true,
            style: Style::Type,
            documentation_style: DocumentationStyle::C99,
            line_length: LINE_LENGTH,
            tab_width: 4,
            usize_is_size_t: true,
            enumeration: EnumConfig::default(),
            export: ExportConfig {
                include: MENTIONED_NOWHERE.map(str::to_owned).into(),
                exclude: vec!["fg_force_panic".to_owned()],
                ..ExportConfig::default()
            },
            ..cbindgen::Config::default()
        })
        .with_header(OPENING)
        .with_include_guard("FULGURITE_H");
    for source in SOURCES {
        builder = builder.with_src(root().join("bindings/src").join(format!("{source}.rs")));
    }
    let mut text = Vec::new();
    builder.generate().map_err(HeaderError)?.write(&mut text);
    Ok(beside(&pack(&String::from_utf8_lossy(&text))))
}

/// Lays parameters out in as few lines as they take; cbindgen gives each a line of its own.
fn pack(text: &str) -> String {
    let mut packed = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let is_function = line.starts_with(|first: char| first.is_ascii_alphabetic())
            && line.contains('(')
            && !line.ends_with(';');
        if !is_function {
            packed.push_str(line);
            packed.push('\n');
            continue;
        }
        let mut whole = line.to_owned();
        while !whole.ends_with(';') {
            let Some(next) = lines.next() else { break };
            whole.push(' ');
            whole.push_str(next.trim());
        }
        let mut width = 0;
        for word in whole.split_inclusive(", ") {
            if width + word.trim_end().len() > LINE_LENGTH {
                packed.truncate(packed.trim_end().len());
                packed.push_str("\n    ");
                width = 4;
            }
            packed.push_str(word);
            width += word.len();
        }
        packed.push('\n');
    }
    packed
}

/// Puts what is said of a field or a variant beside it, where one line takes both.
fn beside(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let last = lines.len().wrapping_sub(1);
        let is_comment = |at: usize| lines.get(at).is_some_and(|line| line.starts_with("    //"));
        let is_member = line.starts_with("    ") && line.ends_with([',', ';']) && !line.contains("//");
        let fits = |at: usize| line.len() + lines[at].trim().len() < LINE_LENGTH;
        if is_member && is_comment(last) && !is_comment(last.wrapping_sub(1)) && fits(last) {
            lines[last] = format!("{line} {}", lines[last].trim());
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

const LINE_LENGTH: usize = 120;

/// Where the header lies.
pub fn header_path() -> PathBuf {
    root().join("bindings/include/fulgurite.h")
}

/// Why there is no header.
#[derive(Debug)]
pub struct HeaderError(cbindgen::Error);

impl std::fmt::Display for HeaderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the sources of the header do not parse: {}", self.0)
    }
}

impl std::error::Error for HeaderError {}
