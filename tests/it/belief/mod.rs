//! Beliefs about hidden liquidity, against slow models and against balances that are hidden from them.

mod beside;
mod codes;
mod exchange;
mod fading;
mod hidden;
mod late;
mod ldk;
mod nonsense;
mod paid;
mod world;
