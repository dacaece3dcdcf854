//! The installed library:
//!
//! ```text
//! prefix/include/fulgurite.h
//! prefix/lib/libfulgurite.so -> libfulgurite.so.1 -> libfulgurite.so.1.0      ABI major, minor
//! prefix/lib/libfulgurite.a
//! prefix/lib/pkgconfig/fulgurite.pc
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{header_path, root};

/// Where things were installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The folder of the header.
    pub include: PathBuf,
    /// The folder of the libraries.
    pub lib: PathBuf,
    /// The folder of `fulgurite.pc`.
    pub pkgconfig: PathBuf,
}

/// Copies header and libraries below `prefix`. `built` is the folder that cargo has put the libraries in.
///
/// # Errors
/// Where a file is missing or cannot be written.
pub fn install(prefix: &Path, built: &Path) -> Result<Installed, InstallError> {
    let at = Installed {
        include: prefix.join("include"),
        lib: prefix.join("lib"),
        pkgconfig: prefix.join("lib/pkgconfig"),
    };
    let (major, minor) = abi()?;
    for folder in [&at.include, &at.lib, &at.pkgconfig] {
        fs::create_dir_all(folder).map_err(InstallError::at(folder))?;
    }
    copy(&header_path(), &at.include.join("fulgurite.h"))?;
    copy(&built.join("libfulgurite.a"), &at.lib.join("libfulgurite.a"))?;
    if cfg!(target_os = "macos") {
        let name = format!("libfulgurite.{major}.dylib");
        copy(&built.join("libfulgurite.dylib"), &at.lib.join(&name))?;
        link(&name, &at.lib.join("libfulgurite.dylib"))?;
    } else {
        let (whole, name) = (format!("libfulgurite.so.{major}.{minor}"), format!("libfulgurite.so.{major}"));
        link_library(&built.join("libfulgurite.a"), &at.lib.join(&whole), &name)?;
        link(&whole, &at.lib.join(&name))?;
        link(&name, &at.lib.join("libfulgurite.so"))?;
    }
    let page = at.pkgconfig.join("fulgurite.pc");
    fs::write(&page, pkg_config(prefix)).map_err(InstallError::at(&page))?;
    Ok(at)
}

fn pkg_config(prefix: &Path) -> String {
    format!(
        "prefix={}\nincludedir=${{prefix}}/include\nlibdir=${{prefix}}/lib\n\n\
         Name: fulgurite\n\
         Description: Payment routing and pathfinding for the Lightning Network\n\
         Version: {}\n\
         Cflags: -I${{includedir}}\n\
         Libs: -L${{libdir}} -lfulgurite\n\
         Libs.private: -lpthread -lm -ldl -lgcc_s\n",
        prefix.display(),
        env!("CARGO_PKG_VERSION"),
    )
}

/// FG_ABI_MAJOR and FG_ABI_MINOR of the header.
fn abi() -> Result<(String, String), InstallError> {
    let path = header_path();
    let text = fs::read_to_string(&path).map_err(InstallError::at(&path))?;
    let value = |name: &str| {
        let (_, rest) = text.split_once(&format!("#define {name} "))?;
        Some(rest.split_whitespace().next()?.to_owned())
    };
    let missing = || InstallError { path: path.clone(), error: io::ErrorKind::InvalidData.into() };
    value("FG_ABI_MAJOR").zip(value("FG_ABI_MINOR")).ok_or_else(missing)
}

/// Links the shared library of the static one. Cargo's own has four more names, of a dependency in C, which rustc exports
/// with ours.
fn link_library(archive: &Path, to: &Path, name: &str) -> Result<(), InstallError> {
    remove(to)?;
    let exports = root().join("bindings/exports.ld");
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-shared", "-o"]).arg(to);
    compiler.arg("-Wl,--whole-archive").arg(archive).arg("-Wl,--no-whole-archive");
    compiler.arg("-Wl,--gc-sections").arg(format!("-Wl,--version-script={}", exports.display()));
    compiler.arg(format!("-Wl,-soname,{name}"));
    compiler.args(["-Wl,--as-needed", "-lgcc_s", "-lpthread", "-lm", "-ldl"]);
    let status = compiler.status().map_err(InstallError::at(to))?;
    let refused = || io::Error::other(format!("the linker failed: {status}"));
    if status.success() { Ok(()) } else { Err(InstallError::at(to)(refused())) }
}

/// A new file beside the old one, so that a program that runs keeps the library it began with.
fn copy(from: &Path, to: &Path) -> Result<(), InstallError> {
    remove(to)?;
    fs::copy(from, to).map(drop).map_err(InstallError::at(from))
}

fn link(name: &str, at: &Path) -> Result<(), InstallError> {
    remove(at)?;
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(name, at);
    #[cfg(not(unix))]
    let made = fs::copy(at.with_file_name(name), at).map(drop);
    made.map_err(InstallError::at(at))
}

fn remove(path: &Path) -> Result<(), InstallError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(InstallError::at(path)(error)),
        _ => Ok(()),
    }
}

/// Why a library was not installed.
#[derive(Debug)]
pub struct InstallError {
    path: PathBuf,
    error: io::Error,
}

impl InstallError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> InstallError {
        move |error| InstallError { path: path.to_owned(), error }
    }
}

impl std::fmt::Display for InstallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for InstallError {}
