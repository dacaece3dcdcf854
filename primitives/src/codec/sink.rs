//! Where encoders write to: a vector, a slice that is large enough, or nothing but a count.
//!
//! One encoder serves all three, so a size that was counted is the size that is written, and what is written into a
//! packet needs no buffer of its own.

/// Takes bytes in order.
pub trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn put(&mut self, bytes: &[u8]) {
        (**self).put(bytes);
    }
}

/// Counts bytes and keeps none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByteCount(usize);

impl ByteCount {
    /// How many bytes were put.
    pub const fn to_usize(self) -> usize {
        self.0
    }
}

impl Sink for ByteCount {
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}

/// Fills a slice from its front.
#[derive(Debug)]
pub struct SliceSink<'a> {
    bytes: &'a mut [u8],
    filled: usize,
}

impl<'a> SliceSink<'a> {
    /// Will fill `bytes`.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        SliceSink { bytes, filled: 0 }
    }

    /// How many bytes were put.
    pub const fn filled(&self) -> usize {
        self.filled
    }
}

impl Sink for SliceSink<'_> {
    /// # Panics
    /// Where `bytes` do not fit what is left of the slice: the caller counted them before with [`ByteCount`].
    fn put(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        self.bytes[self.filled..end].copy_from_slice(bytes);
        self.filled = end;
    }
}
