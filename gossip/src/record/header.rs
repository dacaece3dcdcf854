//! The first bytes of a log.

use primitives::ChainHash;

/// Says what the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// The chain of all that is in it.
    pub chain_hash: ChainHash,
    /// How many compactions came before.
    pub generation: u64,
}

impl FileHeader {
    /// Its bytes.
    pub fn to_bytes(self) -> [u8; FILE_HEADER_SIZE] {
        let mut bytes = [0; FILE_HEADER_SIZE];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..40].copy_from_slice(self.chain_hash.as_bytes());
        bytes[40..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// Where they are of another format.
    pub fn from_bytes(bytes: &[u8; FILE_HEADER_SIZE]) -> Result<Self, FileHeaderError> {
        let (magic, rest) = bytes.split_at(8);
        let (chain, generation) = rest.split_at(32);
        if magic != MAGIC {
            return Err(FileHeaderError);
        }
        let chain: [u8; 32] = chain.try_into().expect("32 bytes were split off");
        let generation: [u8; 8] = generation.try_into().expect("8 bytes are left");
        Ok(FileHeader { chain_hash: ChainHash::from(chain), generation: u64::from_be_bytes(generation) })
    }
}

const MAGIC: [u8; 8] = *b"FULGGSP1";

/// Bytes before the first record.
pub const FILE_HEADER_SIZE: usize = 48;

/// The file is no log of gossip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file does not begin as a log of gossip")]
pub struct FileHeaderError;
