//! temp
#[path = "../../tests/it/bindings/mod.rs"]
mod bindings;
