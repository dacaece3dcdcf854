//! Our node of gossip against others, over real sockets on this machine.

mod compaction;
mod hostile;
mod ldk;
mod ours;
mod proxy;
mod reconnect;
mod regtest;
mod serve;
mod sync;
