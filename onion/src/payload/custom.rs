//! Records that the protocol leaves to applications: types of 65,536 and above.

use std::fmt;

use primitives::codec::{Sink, TlvError, TlvFault, TlvReader, TlvRecord, TlvWriter};

/// The first type that is not the protocol's.
pub const CUSTOM_TYPE_MIN: u64 = 1 << 16;
/// The preimage of a spontaneous payment.
pub const KEYSEND_TYPE: u64 = 5_482_373_484;

/// Custom records in ascending order, as they are encoded. Being the highest types, they end a payload, so that they are
/// read without being copied.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CustomRecords<'a>(&'a [u8]);

impl<'a> CustomRecords<'a> {
    /// No records.
    pub const EMPTY: CustomRecords<'static> = CustomRecords(&[]);

    /// Takes an encoded stream of custom records.
    ///
    /// # Errors
    /// Where it is no stream, or has a type below [`CUSTOM_TYPE_MIN`].
    pub fn from_stream(stream: &'a [u8]) -> Result<Self, TlvError> {
        for record in TlvReader::new(stream) {
            let record = record?;
            if record.tlv_type < CUSTOM_TYPE_MIN {
                return Err(record.invalid());
            }
        }
        Ok(CustomRecords(stream))
    }

    /// The records.
    pub fn iter(&self) -> impl Iterator<Item = TlvRecord<'a>> + use<'a> {
        TlvReader::new(self.0).map_while(Result::ok)
    }

    /// The value of one type.
    pub fn get(&self, tlv_type: u64) -> Option<&'a [u8]> {
        self.iter().find(|record| record.tlv_type == tlv_type).map(|record| record.value)
    }

    /// Applies the rule of even and odd: an application that accepts a payment must know every even type in it.
    ///
    /// # Errors
    /// The first even type for which `knows` is false.
    pub fn check_known(&self, knows: impl Fn(u64) -> bool) -> Result<(), TlvError> {
        self.iter().filter(|record| !knows(record.tlv_type)).try_for_each(|record| record.skip())
    }

    /// What begins at `rest`, within a payload whose records up to there were the protocol's.
    pub(super) fn at_end(rest: &'a [u8]) -> Result<Self, TlvError> {
        CustomRecords::from_stream(rest)
    }

    /// Writes the records, and the preimage of a spontaneous payment in its place unless it is among them.
    pub(super) fn encode_with<S: Sink>(
        &self,
        keysend_preimage: Option<&[u8; 32]>,
        writer: &mut TlvWriter<S>,
    ) {
        let mut missing = keysend_preimage.filter(|_| self.get(KEYSEND_TYPE).is_none());
        for record in self.iter() {
            if record.tlv_type > KEYSEND_TYPE {
                writer.optional(KEYSEND_TYPE, missing.take().map(|preimage| &preimage[..]));
            }
            writer.record(record.tlv_type, &[record.value]);
        }
        writer.optional(KEYSEND_TYPE, missing.map(|preimage| &preimage[..]));
    }
}

impl fmt::Debug for CustomRecords<'_> {
    /// Shows the types alone: a value may be a preimage.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|record| record.tlv_type)).finish()
    }
}

/// Encodes custom records, in any order, each type once.
///
/// # Errors
/// Where a type is below [`CUSTOM_TYPE_MIN`], or given twice.
pub fn encode_custom_records(records: &[(u64, &[u8])]) -> Result<Vec<u8>, TlvError> {
    let mut sorted: Vec<&(u64, &[u8])> = records.iter().collect();
    sorted.sort_unstable_by_key(|(tlv_type, _)| *tlv_type);
    let error = |tlv_type, fault| TlvError { tlv_type: Some(tlv_type), offset: 0, fault };
    if let Some((tlv_type, _)) = sorted.first().filter(|(tlv_type, _)| *tlv_type < CUSTOM_TYPE_MIN) {
        return Err(error(*tlv_type, TlvFault::Value));
    }
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(error(twice[0].0, TlvFault::Order));
    }
    let mut stream = Vec::new();
    let mut writer = TlvWriter::new(&mut stream);
    for (tlv_type, value) in sorted {
        writer.record(*tlv_type, &[value]);
    }
    Ok(stream)
}
