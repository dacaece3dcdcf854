//! Whether the output that a channel claims is there, unspent, and pays to its keys.
//!
//! The question leaves the core and the answer comes back, so that a node of the chain may answer late or never. It is
//! judged here, and so is a proof for those who have no such node: headers with their work, a Merkle branch, and the
//! transaction.

mod check;
mod difficulty;
mod headers;
mod kept;
mod proof;

pub use check::{FundingAnswer, FundingCheck, FundingError, FundingQuestion, funding_script};
pub use headers::{Anchor, HEADERS_SIZE_MAX, HeaderChain, HeaderError, decode_headers};
pub use kept::{KEPT_START_SIZE, PIECE_HEAD_SIZE, PieceHead, encode_piece, kept_headers_start};
pub use proof::{BlockTree, MerkleProof, ProofError, spent_outputs};
