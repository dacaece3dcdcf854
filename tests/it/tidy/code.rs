//! The repository's Rust files, and the same text with comments and literals blanked out.
//!
//! Rules about code look at the blanked text, so that a word in a comment or a string offends nobody. This is a
//! scanner of some 50 lines, not a parser: it knows just enough of the language to skip what is not code.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
pub(super) use xtask::root;

/// One Rust file.
pub(super) struct SourceFile {
    /// Its path below the repository's root, with `/`.
    pub(super) path: String,
    /// Its text as it is.
    pub(super) text: String,
    /// Its text with comments and the insides of literals replaced by blanks; as many lines as `text`.
    pub(super) code: String,
}

impl SourceFile {
    /// The file's name without its folder.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether a compiler of schemas wrote it.
    pub(super) fn is_generated(&self) -> bool {
        self.path.contains("/generated/")
    }

    /// Whether it holds nothing but the tests of the module above it.
    pub(super) fn is_unit_tests(&self) -> bool {
        self.name() == "tests.rs" || self.path.contains("/tests/")
    }

    /// `engine/src/search/heap.rs` is `["search", "heap"]` below `engine/src`; a `mod.rs` is its folder, `lib.rs` is nothing.
    pub(super) fn module(&self, root: &str) -> Vec<&str> {
        let inside = self.path[root.len() + 1..].trim_end_matches(".rs");
        inside.split('/').filter(|part| !["lib", "main", "mod"].contains(part)).collect()
    }

    /// The code above the `#[cfg(test)] mod tests {` at the file's end.
    pub(super) fn code_without_tests(&self) -> &str {
        let mut offset = 0;
        let mut lines = self.code.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            let opens_tests = |next: &&str| next.starts_with("mod ") && next.trim_end().ends_with('{');
            if line.trim_end() == "#[cfg(test)]" && lines.peek().is_some_and(opens_tests) {
                return &self.code[..offset];
            }
            offset += line.len();
        }
        &self.code
    }
}

/// All Rust files of the repository, in the order of their paths.
pub(super) fn rust_files() -> Vec<SourceFile> {
    let mut paths = Vec::new();
    collect(root(), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
        SourceFile { path, code: blank(&text), text }
    };
    let files: Vec<SourceFile> = paths.into_iter().map(read).collect();
    assert!(files.len() > 10, "the rules saw hardly any file; is this the repository's root: {:?}?", root());
    files
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') || name == "target" || name == "corpus" || name == "artifacts" {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths);
        } else if name.ends_with(".rs") {
            paths.push(path);
        }
    }
}

/// Places of `word` in `code` where it is a whole word.
pub(super) fn word_places<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_word_part) && !after.is_some_and(is_word_part)
    })
}

/// The number, from one, of the line that holds the byte at `at`.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text[..at].bytes().filter(|&byte| byte == b'\n').count() + 1
}

/// Fails with every offence, where there is one.
pub(super) fn refuse(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}\n  {}\n", offences.join("\n  "));
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = code.chars().next_back().is_some_and(is_word_part);
        let hidden = hidden_len(rest, after_word);
        if hidden == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..hidden].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[hidden..];
        }
    }
    code
}

/// How many bytes at the start of `rest` are a comment or a literal; 0 where code stands.
fn hidden_len(rest: &str, after_word: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_len(rest);
    }
    if rest.starts_with('"') {
        return quoted_len(rest, '"');
    }
    if rest.starts_with('\'') {
        let mut chars = rest.chars().skip(1);
        let is_escape = chars.next() == Some('\\');
        return if is_escape || chars.next() == Some('\'') { quoted_len(rest, '\'') } else { 0 };
    }
    if after_word { 0 } else { raw_string_len(rest).unwrap_or(0) }
}

fn quoted_len(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

fn block_comment_len(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn raw_string_len(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let hashes = rest[prefix.len()..].bytes().take_while(|&byte| byte == b'#').count();
    let body = prefix.len() + hashes + 1;
    if rest.as_bytes().get(body - 1) != Some(&b'"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len()))
}

#[test]
fn tidy_blanks_comments_and_literals_only() {
    let text = r##"let a = "x\"y"; // no
let b = 'c'; let c: &'static str = r#"q "r" s"#; /* a /* b */ c */ let d = '\''; let e = b"z";"##;
    let code = blank(text);
    assert_eq!(code.lines().count(), text.lines().count());
    let words: Vec<&str> = code.split_whitespace().collect();
    let kept = "let a = ; let b = ; let c: &'static str = ; let d = ; let e = b ;";
    assert_eq!(words, kept.split_whitespace().collect::<Vec<_>>());
    assert_eq!(word_places("unsafe_code unsafe", "unsafe").collect::<Vec<_>>(), [12]);
}
