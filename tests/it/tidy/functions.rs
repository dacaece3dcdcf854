//! How long functions may be.

use super::code::{line_of, refuse, rust_files, word_places};

const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn tidy_functions_are_short() {
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| !file.is_generated()) {
        for (name, first, last) in functions(&file.code) {
            let lines = last - first + 1;
            if lines > FUNCTION_LINES_MAX {
                offences.push(format!("{}:{first}: fn {name} has {lines} lines", file.path));
            }
        }
    }
    refuse("A function has at most 70 lines.", &offences);
}

/// Name, first and last line of each function with a body.
fn functions(code: &str) -> Vec<(&str, usize, usize)> {
    let mut found = Vec::new();
    for at in word_places(code, "fn") {
        let Some(rest) = code[at..].strip_prefix("fn ") else {
            continue;
        };
        let name_len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if let Some(length) = body_end(&rest[name_len..]) {
            let last = at + "fn ".len() + name_len + length;
            found.push((&rest[..name_len], line_of(code, at), line_of(code, last)));
        }
    }
    found
}

/// Where the body closes; `None` where a `;` comes first, or nothing.
fn body_end(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if brackets == 0 && braces == 0 => return None,
            '{' if brackets == 0 || braces > 0 => braces += 1,
            '}' if braces > 0 => {
                braces -= 1;
                if braces == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[test]
fn tidy_measures_functions() {
    let code = "fn a();\nfn b(x: [u8; 2]) -> u8 {\n  if x { 1 }\n}\nlet f: fn(u8) = b;\n";
    assert_eq!(functions(code), [("b", 2, 4)]);
}
