//! The C ABI as others see it: an installed prefix, and programs in C, Python and Go that use it.
//!
//! The library is the one that was built with the tests. What a machine has no tool for is skipped with a word; the
//! test command installs all but Go.

mod c;
mod header;
mod languages;
mod prefix;
mod world;
