//! Generated code is exactly what its schema generates, with the compiler that belongs to the library in use.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::code::{refuse, root};

#[test]
fn tidy_schemas_and_generated_code_agree() {
    let folder = tempfile::tempdir().expect("a folder");
    let compiler = xtask::write_schemas(folder.path()).expect("the schemas compile");
    let (expected, found) = (texts(folder.path()), texts(&xtask::generated_folder()));
    let mut offences = Vec::new();
    for (name, text) in &expected {
        match found.get(name) {
            None => offences.push(format!("{name} is missing")),
            Some(found) if found != text => offences.push(format!("{name} is not what its schema generates")),
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !expected.contains_key(*name)) {
        offences.push(format!("{name} has no schema"));
    }
    refuse("Run `cargo xtask schemas`; see schemas/README.md.", &offences);

    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("a readable lock file");
    let (_, entry) = lock.split_once("name = \"flatbuffers\"\nversion = \"").expect("flatbuffers is locked");
    let (library, _) = entry.split_once('"').expect("a quoted version");
    assert_eq!(compiler, library, "the compiler belongs to the library");
}

/// The files of a folder by name.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let entries =
        fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("a readable entry"));
    let text = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).expect("readable code");
        (entry.file_name().to_string_lossy().into_owned(), text)
    };
    entries.map(text).collect()
}
