//! `encoded_short_ids` (BOLT 7, Query Messages): channels in ascending order behind a byte of encoding.

use super::WireError;
use crate::ShortChannelId;

/// A list of channels that ascends strictly, so that nobody can ask for one twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShortIds<'a>(&'a [u8]);

impl<'a> ShortIds<'a> {
    /// Takes the field, its byte of encoding first.
    ///
    /// # Errors
    /// Where the encoding is not known, an element is cut, or the order is wrong.
    pub fn decode(field: &'a [u8]) -> Result<Self, WireError> {
        ShortIds::from_packed(plain_array(field, "encoded_short_ids")?)
    }

    /// Takes channels that were packed with [`ShortIds::pack`].
    ///
    /// # Errors
    /// As [`ShortIds::decode`].
    pub fn from_packed(packed: &'a [u8]) -> Result<Self, WireError> {
        let ids = ShortIds(packed);
        if !packed.len().is_multiple_of(8) {
            return Err(WireError::Elements { field: "encoded_short_ids" });
        }
        if ids.iter().zip(ids.iter().skip(1)).any(|(one, next)| one >= next) {
            return Err(WireError::Order);
        }
        Ok(ids)
    }

    /// The bytes of channels, without the byte of encoding.
    pub fn pack(ids: impl IntoIterator<Item = ShortChannelId>) -> Vec<u8> {
        ids.into_iter().flat_map(|id| id.to_u64().to_be_bytes()).collect()
    }

    /// The channels in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ShortChannelId> + ExactSizeIterator + use<'a> {
        self.0.as_chunks().0.iter().map(|id: &[u8; 8]| ShortChannelId::from_u64(u64::from_be_bytes(*id)))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len() / 8
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) const fn packed(&self) -> &'a [u8] {
        self.0
    }
}

/// The elements of an array behind their byte of encoding.
pub(super) fn plain_array<'a>(bytes: &'a [u8], field: &'static str) -> Result<&'a [u8], WireError> {
    match bytes.split_first() {
        None => Err(WireError::Short { field }),
        Some((0, elements)) => Ok(elements),
        Some((&encoding, _)) => Err(WireError::Encoding { field, encoding }),
    }
}

/// The byte of encoding that we write.
pub(super) const PLAIN: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_ascend_and_are_whole() {
        let ids = [1, 5, u64::MAX].map(ShortChannelId::from_u64);
        let packed = [vec![PLAIN], ShortIds::pack(ids)].concat();
        let list = ShortIds::decode(&packed).expect("in order");
        assert_eq!((list.iter().collect::<Vec<_>>(), list.len()), (ids.to_vec(), 3));
        assert!(ShortIds::decode(&[PLAIN]).expect("empty").is_empty());
        let field = "encoded_short_ids";
        assert_eq!(ShortIds::decode(&[]), Err(WireError::Short { field }));
        assert_eq!(ShortIds::decode(&[1, 0x78]), Err(WireError::Encoding { field, encoding: 1 }));
        assert_eq!(ShortIds::decode(&packed[..20]), Err(WireError::Elements { field }));
        for wrong in [[5, 5], [6, 5]] {
            let packed = [vec![PLAIN], ShortIds::pack(wrong.map(ShortChannelId::from_u64))].concat();
            assert_eq!(ShortIds::decode(&packed), Err(WireError::Order));
        }
    }
}
