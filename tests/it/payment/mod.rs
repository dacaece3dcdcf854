//! Payments from end to end: asked of the router, wrapped, peeled by every node, and what came back learnt from.

mod lessons;
mod packets;
mod room;
mod world;
