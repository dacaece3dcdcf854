//! Names the shared library by its ABI. Which names it lets others see is decided when it is installed (`xtask`): rustc
//! also exports what dependencies export to C.

use std::env;

/// FG_ABI_MAJOR.
const ABI_MAJOR: u32 = 1;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if target == "linux" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libfulgurite.so.{ABI_MAJOR}");
    } else if target == "macos" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libfulgurite.{ABI_MAJOR}.dylib");
    }
}
