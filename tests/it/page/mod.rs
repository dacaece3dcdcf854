//! The page at `/`: its files as any client gets them, and how it behaves in a real Chromium.

mod access;
mod assets;
mod browser;
mod endpoints;
mod finder;
mod look;
