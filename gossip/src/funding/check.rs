//! The question for a funding output, and what an answer is worth.

use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_PUSHNUM_2};
use bitcoin::script::Builder;
use bitcoin::{ScriptBuf, TxOut};
use primitives::{Msat, ShortChannelId};

use super::headers::HeaderChain;
use super::proof::{MerkleProof, ProofError};
use crate::verify::ChannelFact;

/// How funding outputs are looked up; chosen by name, never by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FundingCheck {
    /// Every output is asked for.
    Chain,
    /// Nobody is asked, and no capacity is known: anybody may invent channels.
    Nobody,
}

/// What must be known of the chain before a channel is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundingQuestion {
    /// Where the output should be.
    pub short_channel_id: ShortChannelId,
    /// What it must pay to.
    pub script_pubkey: ScriptBuf,
}

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FundingAnswer {
    /// A node of the chain has the output among its unspent ones.
    Unspent(TxOut),
    /// There is no such output, or it is spent.
    Missing,
    /// A proof that the output was made. It cannot tell whether the output is still unspent.
    Proof(Box<MerkleProof>),
    /// The chain could not be asked; the channel may be announced again later.
    Unknown,
}

impl FundingQuestion {
    /// The question for an announced channel.
    pub fn of(channel: &ChannelFact) -> Self {
        FundingQuestion {
            short_channel_id: channel.short_channel_id,
            script_pubkey: funding_script(&channel.bitcoin_key_1, &channel.bitcoin_key_2),
        }
    }

    /// The channel's capacity, as the chain tells it. Proofs are checked against `headers`.
    ///
    /// # Errors
    /// Where the answer does not show the output that the question asks for.
    pub fn judge(&self, answer: &FundingAnswer, headers: Option<&HeaderChain>) -> Result<Msat, FundingError> {
        let short_channel_id = self.short_channel_id;
        let output = match answer {
            FundingAnswer::Unspent(output) => output,
            FundingAnswer::Missing => return Err(FundingError::Missing { short_channel_id }),
            FundingAnswer::Unknown => return Err(FundingError::Unknown { short_channel_id }),
            FundingAnswer::Proof(proof) => {
                let headers = headers.ok_or(FundingError::NoHeaders)?;
                proof.output(short_channel_id, headers)?
            }
        };
        if output.script_pubkey != self.script_pubkey {
            return Err(FundingError::Script { short_channel_id });
        }
        // An amount above 2^64 msat is above all money that there is.
        Msat::from_sat(output.value.to_sat()).ok_or(FundingError::Missing { short_channel_id })
    }
}

/// BOLT 3, Funding Transaction Output: P2WSH of two signatures of two keys, the lesser one first.
pub fn funding_script(one: &[u8; 33], two: &[u8; 33]) -> ScriptBuf {
    let (first, second) = if one <= two { (one, two) } else { (two, one) };
    let witness_script = Builder::new()
        .push_opcode(OP_PUSHNUM_2)
        .push_slice(first)
        .push_slice(second)
        .push_opcode(OP_PUSHNUM_2)
        .push_opcode(OP_CHECKMULTISIG)
        .into_script();
    witness_script.to_p2wsh()
}

/// Why a channel is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FundingError {
    /// There is no unspent output.
    #[error("channel {short_channel_id} has no unspent output")]
    Missing {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The chain could not be asked.
    #[error("nobody could tell whether channel {short_channel_id} has an unspent output")]
    Unknown {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The output pays to somebody else.
    #[error("the output of channel {short_channel_id} does not pay to its keys")]
    Script {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// A proof came and there are no headers to check it against.
    #[error("there are no headers to check a proof against")]
    NoHeaders,
    /// The proof is wrong.
    #[error("{0}")]
    Proof(#[from] ProofError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex"))
    }

    #[test]
    fn the_script_is_the_one_of_bolt_3() {
        // BOLT 3, Appendix B and C: the funding keys of local and remote, and the output of the funding transaction.
        let local = hex("023da092f6980e58d2c037173180e9a465476026ee50f96695963e8efe436f54eb");
        let remote = hex("030e9f7b623d2ccc7c9bd44d66d5ce21ce504c0acf6385a132cec6d3c39fa711c1");
        let expected: [u8; 34] = hex("0020c015c4a6be010e21657068fc2e6a9d02b27ebe4d490a25846f7237f104d1a3cd");
        assert_eq!(funding_script(&local, &remote).as_bytes(), expected);
        assert_eq!(funding_script(&remote, &local).as_bytes(), expected);
    }
}
