//! Generated graphs: the same every time, sound, and shaped like the real one.

mod feasibility;
mod fit;
mod mainnet;
mod sound;
