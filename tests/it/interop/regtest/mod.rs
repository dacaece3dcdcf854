//! Against a real Bitcoin Core in regtest: channels that are funded there, closed and reorganised away, and proofs of its
//! blocks. `cargo xtask bitcoind` builds it; where it is missing, these tests say so and are skipped, or fail where
//! `CI=true`.

mod bitcoind;
mod channels;
mod imports;
mod node;
mod proofs;
mod purse;
