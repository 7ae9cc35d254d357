//! The registers of a block: rows with one element per lane.
//!
//! Rows lie in one piece of memory, each with room for 64 bits per lane; 32-bit types take the
//! first half of it. A row is handled in groups of [`GROUP`] lanes: a loop of that length, known
//! to the compiler, becomes vector instructions of whatever width the machine has, with no rest.

use super::inst::Row;

/// Lanes of a group.
pub(super) const GROUP: usize = 64;

/// How a type lies in a row.
pub(super) trait Lane: Copy {
    /// What a lane takes.
    type Word: bytemuck::Pod;
    /// Reads it.
    fn get(word: Self::Word) -> Self;
    /// Its content for a value.
    fn put(self) -> Self::Word;
}

macro_rules! lane {
    ($($ty:ty, $word:ty: $bits:ident => $get:expr, $value:ident => $put:expr;)*) => {$(
        impl Lane for $ty {
            type Word = $word;
            #[inline(always)]
            fn get($bits: $word) -> $ty {
                $get
            }
            #[inline(always)]
            fn put(self) -> $word {
                let $value = self;
                $put
            }
        }
    )*};
}

lane! {
    bool, u32: bits => bits != 0, value => u32::from(value).wrapping_neg();
    i32, u32: bits => bits as i32, value => value as u32;
    u32, u32: bits => bits, value => value;
    f32, u32: bits => f32::from_bits(bits), value => value.to_bits();
    i64, u64: bits => bits as i64, value => value as u64;
    u64, u64: bits => bits, value => value;
    f64, u64: bits => f64::from_bits(bits), value => value.to_bits();
}

/// The rows of a block.
#[derive(Debug)]
pub(super) struct Frame {
    words: Vec<u64>,
    /// The first row begins here, at the start of a cache line.
    start: usize,
    /// Lanes of a row.
    lanes: usize,
}

impl Frame {
    /// Rows of zeros.
    pub(super) fn new(rows: usize, lanes: usize) -> Frame {
        const LINE: usize = 8;
        let words = vec![0_u64; rows * lanes + LINE];
        let start = words.as_ptr().align_offset(LINE * size_of::<u64>()).min(LINE);
        Frame { words, start, lanes }
    }

    /// A row.
    #[inline(always)]
    pub(super) fn row<W: bytemuck::Pod>(&self, row: Row) -> &[W] {
        let at = self.start + row as usize * self.lanes;
        &bytemuck::cast_slice(&self.words[at..at + self.lanes])[..self.lanes]
    }

    /// A row to write.
    #[inline(always)]
    pub(super) fn row_mut<W: bytemuck::Pod>(&mut self, row: Row) -> &mut [W] {
        let at = self.start + row as usize * self.lanes;
        &mut bytemuck::cast_slice_mut(&mut self.words[at..at + self.lanes])[..self.lanes]
    }

    /// A row to write beside all others to read.
    #[inline(always)]
    pub(super) fn split<W: bytemuck::Pod>(&mut self, row: Row) -> (Others<'_>, &mut [W]) {
        let row = row as usize;
        let (left, rest) = self.words[self.start..].split_at_mut(row * self.lanes);
        let (own, right) = rest.split_at_mut(self.lanes);
        let own = &mut bytemuck::cast_slice_mut(own)[..self.lanes];
        (Others { left, right, row, lanes: self.lanes }, own)
    }
}

/// The rows beside one.
#[derive(Clone, Copy)]
pub(super) struct Others<'f> {
    left: &'f [u64],
    right: &'f [u64],
    row: usize,
    lanes: usize,
}

impl<'f> Others<'f> {
    /// A row.
    ///
    /// # Panics
    /// If it is the one that is left out: row allocation keeps results and operands apart.
    #[inline(always)]
    pub(super) fn row<W: bytemuck::Pod>(self, row: Row) -> &'f [W] {
        let row = row as usize;
        let (side, row) = if row < self.row {
            (self.left, row)
        } else {
            (self.right, row.wrapping_sub(self.row + 1))
        };
        let at = row.wrapping_mul(self.lanes);
        &bytemuck::cast_slice(&side[at..at + self.lanes])[..self.lanes]
    }
}

/// The first `groups` groups of a row.
#[inline(always)]
pub(super) fn groups<W>(row: &[W], groups: usize) -> &[[W; GROUP]] {
    &row.as_chunks::<GROUP>().0[..groups]
}

/// The same, to write.
#[inline(always)]
pub(super) fn groups_mut<W>(row: &mut [W], groups: usize) -> &mut [[W; GROUP]] {
    &mut row.as_chunks_mut::<GROUP>().0[..groups]
}
