//! Generated code is exactly what its schema generates, with the compiler that belongs to the library in use.

use std::fs;

use super::code::{refuse, root};

#[test]
fn tidy_schemas_and_generated_code_agree() {
    let expected = schema_compiler::generate().expect("the schemas compile");
    let found = schema_compiler::read_folder(&schema_compiler::generated_folder()).expect("readable code");
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
    refuse("Run `cargo run -p schema-compiler`; see schemas/README.md.", &offences);
}

#[test]
fn tidy_schemas_compiler_and_library_agree() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("a readable lock file");
    let (_, entry) = lock.split_once("name = \"flatbuffers\"\nversion = \"").expect("flatbuffers is locked");
    let (library, _) = entry.split_once('"').expect("a quoted version");
    assert_eq!(schema_compiler::version().expect("flatc runs"), library);
}
