//! The configuration of a server.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::http::ConfigFile;

fuzz_target!(|text: &str| {
    if let Ok(config) = ConfigFile::read(text) {
        assert!(config.settings(None, None).is_ok());
    }
});
