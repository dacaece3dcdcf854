//! The C ABI as others see it: an installed prefix, and programs in C, Python and Go that use it.
//!
//! The library is built for the tests in a folder of its own, nearly as a release. What a machine has no tool for is skipped with a word; the
//! test command installs all but Go.

mod c;
mod header;
mod languages;
mod prefix;
mod world;
