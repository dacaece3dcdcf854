//! `init` (BOLT 1): the first message of a connection.

use bitcoin::constants::ChainHash;

use super::fields::{Fields, length_of};
use super::{Address, Addresses, WireError, WireMessage};
use crate::Features;
use crate::codec::{Sink, TlvReader, TlvWriter};

/// `init`, field by field. Records of the extension that are not known are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Init<'a> {
    /// Feature bits of old, as they came.
    pub globalfeatures: &'a [u8],
    /// Feature bits, as they came.
    pub features: &'a [u8],
    /// The chains that the sender is interested in, packed, where it says so.
    pub networks: Option<&'a [u8]>,
    /// Where the sender sees the receiver: an address descriptor.
    pub remote_addr: Option<&'a [u8]>,
}

impl<'a> Init<'a> {
    /// Both fields of features in one (BOLT 1: they are combined).
    pub fn combined_features(&self) -> Features {
        let (long, short) = if self.features.len() < self.globalfeatures.len() {
            (self.globalfeatures, self.features)
        } else {
            (self.features, self.globalfeatures)
        };
        let mut bytes = long.to_vec();
        for (byte, other) in bytes.iter_mut().rev().zip(short.iter().rev()) {
            *byte |= other;
        }
        Features::from_be_bytes(&bytes)
    }

    /// Whether the sender is interested in `chain`, as it is in all where it names none.
    pub fn serves(&self, chain: ChainHash) -> bool {
        self.networks.is_none_or(|packed| packed.as_chunks().0.contains(chain.as_bytes()))
    }

    /// Where the sender sees us, where it says so and the type is known.
    pub fn seen_at(&self) -> Option<Address<'a>> {
        Addresses::new(self.remote_addr?).next()?.ok()
    }
}

impl<'a> WireMessage<'a> for Init<'a> {
    const TYPE: u16 = 16;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        let globalfeatures = fields.sized("globalfeatures")?;
        let features = fields.sized("features")?;
        let mut init = Init { globalfeatures, features, networks: None, remote_addr: None };
        for record in TlvReader::new(fields.rest()) {
            let record = record?;
            match record.tlv_type {
                NETWORKS if record.value.len().is_multiple_of(32) => init.networks = Some(record.value),
                NETWORKS => return Err(record.invalid().into()),
                REMOTE_ADDR => init.remote_addr = Some(record.value),
                _ => record.skip()?,
            }
        }
        Ok(init)
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(&length_of(self.globalfeatures));
        sink.put(self.globalfeatures);
        sink.put(&length_of(self.features));
        sink.put(self.features);
        TlvWriter::new(sink).optional(NETWORKS, self.networks).optional(REMOTE_ADDR, self.remote_addr);
    }
}

const NETWORKS: u64 = 1;
const REMOTE_ADDR: u64 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fields_of_features_are_one() {
        let init =
            |globalfeatures, features| Init { globalfeatures, features, networks: None, remote_addr: None };
        let expected = Features::from_bits([0, 9, 15]);
        assert_eq!(init(&[1], &[0x82, 0]).combined_features(), expected);
        assert_eq!(init(&[0x80, 0], &[2, 1]).combined_features(), expected);
        assert!(init(&[], &[]).combined_features().is_empty());
    }

    #[test]
    fn who_names_no_chain_serves_all() {
        let both = [*ChainHash::REGTEST.as_bytes(), *ChainHash::SIGNET.as_bytes()].concat();
        let init = Init { globalfeatures: &[], features: &[], networks: Some(&both), remote_addr: None };
        assert!(init.serves(ChainHash::SIGNET) && !init.serves(ChainHash::BITCOIN));
        assert!(Init { networks: None, ..init }.serves(ChainHash::BITCOIN));
        let seen =
            Init { remote_addr: Some(&[1, 10, 0, 0, 1, 0, 7]), ..init }.seen_at().map(|at| at.to_string());
        assert_eq!(seen.as_deref(), Some("10.0.0.1:7"));
    }
}
