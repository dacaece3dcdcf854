//! Fixtures that the tests and benches share.
