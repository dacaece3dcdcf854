//! Every kind of problem has its place in the reference, where the `type` of a problem leads.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::service::Service;

/// What stands in the sources before the code of a problem.
const OPENERS: [&str; 3] = ["unprocessable(", ".fail(", "=>"];

#[tokio::test(flavor = "multi_thread")]
async fn every_code_that_is_used_has_its_entry_and_no_other_has() {
    let service = Service::line().await;
    let page = service.get("/api/reference").await.text;
    let listed = page.split("<dt id=\"").skip(1).filter_map(|entry| entry.split_once('"'));
    let listed: BTreeSet<&str> = listed.map(|(code, _)| code).collect();
    let sources = sources();
    let used: BTreeSet<&str> = sources.iter().flat_map(|text| codes(text)).collect();
    assert!(used.len() > 40, "{used:?}");
    assert_eq!(used, listed);
}

/// The texts in which problems are made, without their tests, and that of the engine's errors' names.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src");
    let mut texts = Vec::new();
    collect(&root.join("http"), &mut texts);
    // Arms of a match stand before codes there alone.
    let mut texts: Vec<String> = texts.into_iter().map(|text| text.replace("=>", "")).collect();
    let names = fs::read_to_string(root.join("json/names.rs")).unwrap();
    let of_errors = names.split("/// The stable name of a search.").next().unwrap();
    // What no error is yet.
    texts.push(of_errors.replace("_ => \"other\"", ""));
    texts
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            texts.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
        }
    }
}

/// The literals behind an opener, or behind a named status.
fn codes(text: &str) -> Vec<&str> {
    let behind_openers = OPENERS.iter().flat_map(|opener| text.split(opener).skip(1));
    let behind_statuses = text.split("StatusCode::").skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_uppercase() && letter != '_')?;
        rest[end..].strip_prefix(',')
    });
    let behind_new =
        text.split("Problem::new(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix("status,"));
    behind_openers.chain(behind_statuses).chain(behind_new).filter_map(code).collect()
}

/// The literal that comes next, where it is a code.
fn code(rest: &str) -> Option<&str> {
    let rest =
        rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '{').strip_prefix('"')?;
    let (literal, _) = rest.split_once('"')?;
    let is_code =
        !literal.is_empty() && literal.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_code.then_some(literal)
}
