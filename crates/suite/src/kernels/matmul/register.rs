//! Tiles of c that stay in registers while k runs, over packed panels of a and b.
//!
//! K. Goto, R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34
//! (2008): b is copied in slices of [`DEPTH`] rows into panels as wide as a tile, blocks of rows of
//! a into panels as high as a tile, so that the inner loop reads both from end to end. A tile is
//! loaded, takes the products of one slice in the order of k, and is stored: each lane is one
//! element of c and sees the additions of the plain loop.

use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

use super::Product;
use crate::arguments::Real;
use crate::lanes::Lanes;

/// Rows of b in a slice: a panel of b of one slice is 48 KiB with 64-byte vectors.
const DEPTH: usize = 256;

/// Rows of a in a block: its packed slice is 96 KiB (f32), and stays in the second-level cache.
const ROWS: usize = 96;

/// Vectors of a tile's row.
const VECTORS: usize = 3;

/// Rows of a tile where there are 32 vector registers: 24 hold sums, 3 a row of b, 1 an element of a.
const TALL: usize = 8;

/// Rows of a tile where there are 16: 12, 3 and 1.
const FLAT: usize = 4;

/// Elements of the largest tile: rows of three vectors of 16.
const TILE: usize = TALL * VECTORS * 16;

/// How a product is added to a sum.
trait Step {
    fn step<S: Simd, V: SimdFloat<S>>(a: V, b: V, sum: V) -> V;
}

/// Two roundings, as in the reference.
struct Separate;

/// One rounding, where the machine has it.
struct Fused;

impl Step for Separate {
    #[inline(always)]
    fn step<S: Simd, V: SimdFloat<S>>(a: V, b: V, sum: V) -> V {
        sum + a * b
    }
}

impl Step for Fused {
    #[inline(always)]
    fn step<S: Simd, V: SimdFloat<S>>(a: V, b: V, sum: V) -> V {
        a.mul_add(b, sum)
    }
}

/// What can be multiplied: both types, dispatched by hand because each level has its own vectors.
pub(super) trait Tiled: Real {
    /// Columns of a tile on this machine.
    fn width(level: Level) -> usize;
    /// Adds the products of one slice to a block of rows of c.
    fn add_exact(level: Level, block: Block<'_, Self>);
    /// The same with fused products.
    fn add_fused(level: Level, block: Block<'_, Self>);
}

macro_rules! tiled {
    ($real:ty, $vector:ident) => {
        impl Tiled for $real {
            fn width(level: Level) -> usize {
                #[inline(always)]
                fn width<S: Simd>(_: S) -> usize {
                    VECTORS * S::$vector::LEN
                }
                dispatch!(level, simd => width(simd))
            }

            fn add_exact(level: Level, block: Block<'_, $real>) {
                dispatch!(level, simd => add_block::<_, $real, Separate>(simd, block));
            }

            fn add_fused(level: Level, block: Block<'_, $real>) {
                dispatch!(level, simd => add_block::<_, $real, Fused>(simd, block));
            }
        }
    };
}

tiled!(f32, f32s);
tiled!(f64, f64s);

/// A block of rows of c, and one slice of what is multiplied.
pub(super) struct Block<'a, T> {
    c: &'a mut [T],
    columns: usize,
    /// Rows of a, whole.
    a: &'a [T],
    inner: usize,
    /// First k of the slice.
    first: usize,
    /// The slice of b in panels.
    panels: &'a [T],
    depth: usize,
}

/// The product on one thread.
pub(super) fn product<T: Tiled>(product: Product<'_, T>) {
    slices(product, |c, block| c.chunks_mut(block.len()).enumerate().for_each(|at| block.run(at)));
}

/// The same with fused products.
pub(super) fn product_fused<T: Tiled>(product: Product<'_, T>) {
    slices(product, |c, block| {
        let blocks = c.chunks_mut(block.len()).enumerate();
        blocks.for_each(|at| T::add_fused(block.level, block.of(at)));
    });
}

/// Blocks of rows over the current pool; each packs its own rows of a.
pub(super) fn product_threaded<T: Tiled>(product: Product<'_, T>) {
    slices(product, |c, block| {
        c.par_chunks_mut(block.len()).enumerate().for_each(|at| block.run(at));
    });
}

/// One slice of b, and how the blocks of rows meet it.
struct Slice<'a, T> {
    level: Level,
    a: &'a [T],
    inner: usize,
    columns: usize,
    first: usize,
    depth: usize,
    panels: &'a [T],
}

impl<T: Tiled> Slice<'_, T> {
    /// Elements of c in a block of rows.
    fn len(&self) -> usize {
        ROWS * self.columns
    }

    fn of<'b>(&'b self, (index, c): (usize, &'b mut [T])) -> Block<'b, T> {
        let &Slice { a, inner, columns, first, depth, panels, .. } = self;
        let rows = c.len() / columns;
        Block {
            c,
            columns,
            a: &a[index * ROWS * inner..][..rows * inner],
            inner,
            first,
            panels,
            depth,
        }
    }

    fn run(&self, at: (usize, &mut [T])) {
        T::add_exact(self.level, self.of(at));
    }
}

/// Goes through b in slices, upward in k.
fn slices<T: Tiled>(product: Product<'_, T>, run: impl Fn(&mut [T], &Slice<'_, T>)) {
    let Product { c, a, b, inner, columns } = product;
    let level = Level::new();
    let width = T::width(level);
    c.fill(T::from_f64(0.0));
    let mut panels = Vec::new();
    for first in (0..inner).step_by(DEPTH) {
        let depth = DEPTH.min(inner - first);
        pack_columns(&b[first * columns..][..depth * columns], columns, width, &mut panels);
        run(c, &Slice { level, a, inner, columns, first, depth, panels: &panels });
    }
}

/// Copies rows of b into panels of `width` columns, the last filled up with zeros.
fn pack_columns<T: Real>(b: &[T], columns: usize, width: usize, panels: &mut Vec<T>) {
    let depth = b.len() / columns;
    panels.clear();
    panels.resize(columns.div_ceil(width) * width * depth, T::from_f64(0.0));
    for (panel, left) in panels.chunks_exact_mut(width * depth).zip((0..columns).step_by(width)) {
        let right = columns.min(left + width);
        for (to, from) in panel.chunks_exact_mut(width).zip(b.chunks_exact(columns)) {
            to[..right - left].copy_from_slice(&from[left..right]);
        }
    }
}

/// Copies a slice of rows of a into panels of `height` rows, k by k; rows beyond are zeros.
fn pack_rows<T: Real>(block: &Block<'_, T>, height: usize) -> Vec<T> {
    let (rows, depth) = (block.a.len() / block.inner, block.depth);
    let mut panels = vec![T::from_f64(0.0); rows.div_ceil(height) * height * depth];
    for (row, a) in block.a.chunks_exact(block.inner).enumerate() {
        let panel = &mut panels[row / height * height * depth..];
        let to = panel.iter_mut().skip(row % height).step_by(height);
        to.zip(&a[block.first..][..depth]).for_each(|(to, &from)| *to = from);
    }
    panels
}

/// One slice for one block of rows, with tiles that fit the registers.
#[inline(always)]
fn add_block<S: Simd, T: Lanes<S>, M: Step>(simd: S, block: Block<'_, T>) {
    // Only the sets with vectors of 64 bytes have 32 registers (and NEON, whose narrow vectors
    // leave it with half of its registers unused).
    if size_of::<T::Vector>() == 64 {
        add_tiles::<S, T, M, TALL>(simd, block);
    } else {
        add_tiles::<S, T, M, FLAT>(simd, block);
    }
}

#[inline(always)]
fn add_tiles<S: Simd, T: Lanes<S>, M: Step, const HEIGHT: usize>(simd: S, block: Block<'_, T>) {
    let (width, depth, columns) = (VECTORS * T::Vector::LEN, block.depth, block.columns);
    let a = pack_rows(&block, HEIGHT);
    for (b, left) in block.panels.chunks_exact(width * depth).zip((0..columns).step_by(width)) {
        let rows = block.c.chunks_mut(HEIGHT * columns);
        for (a, c) in a.chunks_exact(HEIGHT * depth).zip(rows) {
            if c.len() == HEIGHT * columns && left + width <= columns {
                tile::<S, T, M, HEIGHT>(simd, a, b, &mut c[left..], columns);
            } else {
                edge::<S, T, M, HEIGHT>(simd, a, b, &mut c[left..], columns, columns - left);
            }
        }
    }
}

/// A tile that reaches over an edge of c: made beside it. `c` starts at the tile's first element.
#[inline(always)]
fn edge<S: Simd, T: Lanes<S>, M: Step, const HEIGHT: usize>(
    simd: S,
    a: &[T],
    b: &[T],
    c: &mut [T],
    columns: usize,
    rest: usize,
) {
    let width = VECTORS * T::Vector::LEN;
    let within = width.min(rest);
    let mut beside = [T::from_f64(0.0); TILE];
    for (to, from) in beside.chunks_exact_mut(width).zip(c.chunks(columns)) {
        to[..within].copy_from_slice(&from[..within]);
    }
    tile::<S, T, M, HEIGHT>(simd, a, b, &mut beside, width);
    for (from, to) in beside.chunks_exact(width).zip(c.chunks_mut(columns)) {
        to[..within].copy_from_slice(&from[..within]);
    }
}

/// Adds a panel of a times a panel of b to a tile of c, whose rows are `stride` apart.
#[inline(always)]
fn tile<S: Simd, T: Lanes<S>, M: Step, const HEIGHT: usize>(
    simd: S,
    a: &[T],
    b: &[T],
    c: &mut [T],
    stride: usize,
) {
    let lanes = T::Vector::LEN;
    let mut sums = [[T::Vector::splat(simd, T::from_f64(0.0)); VECTORS]; HEIGHT];
    for (row, sums) in sums.iter_mut().enumerate() {
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum = T::Vector::from_slice(simd, &c[row * stride + at * lanes..][..lanes]);
        }
    }
    for (a, b) in a.chunks_exact(HEIGHT).zip(b.chunks_exact(VECTORS * lanes)) {
        let b: [T::Vector; VECTORS] =
            std::array::from_fn(|at| T::Vector::from_slice(simd, &b[at * lanes..][..lanes]));
        for (row, sums) in sums.iter_mut().enumerate() {
            let a = T::Vector::splat(simd, a[row]);
            for (sum, &b) in sums.iter_mut().zip(&b) {
                *sum = M::step(a, b, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        for (at, sum) in sums.iter().enumerate() {
            sum.store_slice(&mut c[row * stride + at * lanes..][..lanes]);
        }
    }
}
