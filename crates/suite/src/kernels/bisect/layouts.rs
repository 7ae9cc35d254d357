//! Orders of the elements that suit searching better than the sorted one, built anew in each call.
//!
//! Sources: P. Khuong and P. Morin, *Array Layouts for Comparison-Based Searching*, 2017 (the tree as
//! an array); S. Slotin, *Algorithms for Modern Hardware*, 2022 (nodes of a vector's width).

use fearless_simd::{Level, dispatch, prelude::*, u32x16};

use super::Question;

/// The tree of middles, root first: node k has the children 2k and 2k + 1. The top levels share
/// cache lines, where the middles of a sorted array have one each.
///
/// It is filled up with the largest number to a power of two less one, so that the way down, read
/// as a number, is the lower bound.
#[derive(Debug)]
pub(super) struct Eytzinger {
    nodes: Vec<u32>,
    levels: u32,
}

impl Eytzinger {
    /// The tree of a sorted array.
    pub(super) fn of(elements: &[u32]) -> Eytzinger {
        let levels = usize::BITS - elements.len().leading_zeros();
        let mut nodes = vec![u32::MAX; 1 << levels];
        for level in 0..levels {
            // The nodes of a level stand this far apart in sorted order.
            let distance = 1 << (levels - level);
            let row = &mut nodes[1 << level..2 << level];
            let middles = elements.iter().skip(distance / 2 - 1).step_by(distance);
            row.iter_mut().zip(middles).for_each(|(node, &middle)| *node = middle);
        }
        Eytzinger { nodes, levels }
    }

    /// Size in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.nodes)
    }

    /// Lower bounds of 16 needles, level by level.
    pub(super) fn lower_bounds(&self, needles: &[u32; 16]) -> [u32; 16] {
        let mut at = [1_u32; 16];
        for _ in 0..self.levels {
            for (at, &x) in at.iter_mut().zip(needles) {
                *at = 2 * *at + u32::from(self.nodes[*at as usize] < x);
            }
        }
        at.map(|at| at - (1 << self.levels))
    }
}

/// Keys of a node, and children of it.
const WIDTH: usize = 16;

/// Searches in flight: enough to fill the time that one node's cache line takes.
const FLIGHT: usize = 8;

/// A tree of nodes with 16 keys over the sorted array, whose own blocks of 16 are the leaves. Key j
/// of a node is the largest element below its child j.
#[derive(Debug)]
pub(super) struct STree<'a> {
    /// Keys of each level above the leaves, root first, filled up to whole nodes.
    levels: Vec<Vec<u32>>,
    leaves: &'a [[u32; WIDTH]],
    /// What is left of the array after whole leaves, filled up.
    tail: [u32; WIDTH],
}

impl STree<'_> {
    /// The tree of a sorted array.
    pub(super) fn of(elements: &[u32]) -> STree<'_> {
        let (leaves, rest) = elements.as_chunks::<WIDTH>();
        let mut tail = [u32::MAX; WIDTH];
        tail[..rest.len()].copy_from_slice(rest);
        let mut levels: Vec<Vec<u32>> = Vec::new();
        let mut largest: Vec<u32> = leaves.iter().map(|leaf| leaf[WIDTH - 1]).collect();
        largest.push(tail[WIDTH - 1]);
        while largest.len() > 1 {
            largest.resize(largest.len().next_multiple_of(WIDTH), u32::MAX);
            let above = largest.iter().skip(WIDTH - 1).step_by(WIDTH).copied().collect();
            levels.push(std::mem::replace(&mut largest, above));
        }
        levels.reverse();
        STree { levels, leaves, tail }
    }

    /// Size in memory of what is not the array.
    pub(super) fn bytes(&self) -> usize {
        self.levels.iter().map(|level| size_of_val(&**level)).sum::<usize>()
            + size_of_val(&self.tail)
    }

    /// Lower bounds of as many needles as are in flight, level by level. The tail's
    /// filler is below no needle, so a needle above all elements ends in the tail.
    #[inline(always)]
    fn lower_bounds<S: Simd>(&self, simd: S, needles: &[u32; FLIGHT]) -> [u32; FLIGHT] {
        let mut node = [0_usize; FLIGHT];
        for level in &self.levels {
            let (nodes, _) = level.as_chunks::<WIDTH>();
            for (node, &x) in node.iter_mut().zip(needles) {
                *node = WIDTH * *node + below(simd, &nodes[*node], x) as usize;
            }
        }
        let mut found = [0; FLIGHT];
        for ((found, &leaf), &x) in found.iter_mut().zip(&node).zip(needles) {
            let keys = self.leaves.get(leaf).unwrap_or(&self.tail);
            *found = (leaf * WIDTH) as u32 + below(simd, keys, x);
        }
        found
    }
}

/// How many keys are below `x`: they ascend, so the number is the child to go to.
#[inline(always)]
fn below<S: Simd>(simd: S, keys: &[u32; WIDTH], x: u32) -> u32 {
    u32x16::simd_from(simd, *keys).simd_lt(u32x16::simd_from(simd, x)).to_bitmask().count_ones()
}

/// Answers a question with the tree.
pub(super) fn search(tree: &STree<'_>, question: &Question<'_>, index: &mut [u32]) {
    dispatch!(Level::new(), simd => lanes(simd, tree, question, index));
}

/// Without closures: what a closure holds is compiled for the least instruction set, and then its
/// vectors are calls.
#[inline(always)]
fn lanes<S: Simd>(simd: S, tree: &STree<'_>, question: &Question<'_>, index: &mut [u32]) {
    let (groups, rest) = question.needles.as_chunks::<FLIGHT>();
    let (found, tail) = index.as_chunks_mut::<FLIGHT>();
    for (found, needles) in found.iter_mut().zip(groups) {
        *found = tree.lower_bounds(simd, needles);
    }
    if !rest.is_empty() {
        let mut needles = [rest[0]; FLIGHT];
        needles[..rest.len()].copy_from_slice(rest);
        tail.copy_from_slice(&tree.lower_bounds(simd, &needles)[..rest.len()]);
    }
    question.finish(index);
}
