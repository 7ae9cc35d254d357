//! Loads and stores of blocks: runs of neighbours, and an element per lane.
//!
//! An index row has 32 bits per lane: extents are below 2^31, so that an index out of the type's
//! range still is out of bounds. A lane outside of the mask reads any element and writes none.

use super::block::{ALL, Block, Stop};
use super::frame::{groups, groups_mut};
use super::inst::{BlockInst, FIRST_IS_ROW, SECOND_IS_ROW};
use super::undo::Undo;
use crate::memory::Width;

/// An element as a lane holds it, and back.
trait Element: Copy {
    type Word: bytemuck::Pod;
    fn load(self) -> Self::Word;
    fn store(word: Self::Word) -> Self;
}

macro_rules! element {
    ($($ty:ty, $word:ty: $value:ident => $load:expr, $bits:ident => $store:expr;)*) => {$(
        impl Element for $ty {
            type Word = $word;
            #[inline(always)]
            fn load(self) -> $word {
                let $value = self;
                $load
            }
            #[inline(always)]
            fn store($bits: $word) -> $ty {
                $store
            }
        }
    )*};
}

element! {
    u32, u32: value => value, bits => bits;
    u64, u64: value => value, bits => bits;
    u8, u32: value => u32::from(value), bits => bits as u8;
    bool, u32: value => u32::from(value).wrapping_neg(), bits => bits != 0;
}

/// Where an access goes: the first index a scalar or a row, the second likewise. An access to an
/// array of one axis has the scalar 0 first, with one row of elements.
#[derive(Clone, Copy)]
struct Place<'r> {
    first: Index<'r>,
    second: Index<'r>,
    rows: u64,
    columns: u64,
}

#[derive(Clone, Copy)]
enum Index<'r> {
    All(u64),
    Each(&'r [u32]),
}

impl Index<'_> {
    #[inline(always)]
    fn at(self, lane: usize) -> u64 {
        match self {
            Index::All(index) => index,
            Index::Each(row) => u64::from(row[lane]),
        }
    }
}

impl Place<'_> {
    /// Flat index of a lane's element, `None` out of bounds.
    #[inline(always)]
    fn flat(&self, lane: usize) -> Option<usize> {
        let (row, column) = (self.first.at(lane), self.second.at(lane));
        let inside = row < self.rows && column < self.columns;
        inside.then(|| (row * self.columns + column) as usize)
    }
}

/// The place of an access, from fields of the block that are borrowed apart.
macro_rules! place {
    ($block:ident, $rows:expr, $inst:ident) => {{
        let [first, second, extent0, extent1, _] = $inst.args;
        let count = $block.groups * super::frame::GROUP;
        let first = match $inst.kind & FIRST_IS_ROW {
            0 => Index::All($block.registers[first as usize & 0xffff]),
            _ => Index::Each(&$rows.row::<u32>(first)[..count]),
        };
        let second = match $inst.kind & SECOND_IS_ROW {
            0 => Index::All($block.registers[second as usize & 0xffff]),
            _ => Index::Each(&$rows.row::<u32>(second)[..count]),
        };
        let rows = $block.registers[extent0 as usize & 0xffff];
        let columns = $block.registers[extent1 as usize & 0xffff];
        Place { first, second, rows, columns }
    }};
}

/// The usual gather: one row of elements, an index per lane. `false` if an active lane is out of
/// bounds. Without a branch, so that it becomes gather instructions where there are some.
#[inline(always)]
fn gather_one_row<E: Element>(
    elements: &[E],
    indices: &[[u32; 64]],
    mask: &[[u32; 64]],
    result: &mut [[E::Word; 64]],
) -> bool {
    let Some(last) = elements.len().checked_sub(1) else {
        return mask.as_flattened().iter().all(|lane| *lane == 0);
    };
    let mut bad = 0;
    for (group, result) in result.iter_mut().enumerate() {
        let (indices, mask) = (&indices[group], &mask[group]);
        for (lane, result) in result.iter_mut().enumerate() {
            let index = indices[lane] as usize;
            bad |= u32::from(index > last).wrapping_neg() & mask[lane];
            *result = elements[index.min(last)].load();
        }
    }
    bad == 0
}

macro_rules! accesses {
    ($($load_run:ident $store_run:ident $gather:ident $scatter:ident $table:ident $ty:ty;)*) => {
        impl Block<'_, '_, '_> {$(
            /// Neighbours, one per lane: operands are the first flat index, its column and the
            /// number of columns.
            #[inline(always)]
            pub(super) fn $load_run(&mut self, inst: &BlockInst) -> Result<(), Stop> {
                let start = self.scalar(inst.args[0]) as usize;
                self.run_fits(inst)?;
                let slice = &self.memory.$table[inst.t as usize];
                let run = slice.get(start..start + self.lanes).ok_or(Stop::Abandoned)?;
                let result = &mut self.frame.row_mut::<<$ty as Element>::Word>(inst.r)[..self.lanes];
                result.iter_mut().zip(run).for_each(|(result, element)| *result = element.load());
                Ok(())
            }

            /// Writes neighbours.
            #[inline(always)]
            pub(super) fn $store_run(&mut self, inst: &BlockInst) -> Result<(), Stop> {
                let start = self.scalar(inst.args[0]) as usize;
                self.run_fits(inst)?;
                let slice = &mut self.memory.$table[inst.t as usize];
                let run = slice.get_mut(start..start + self.lanes).ok_or(Stop::Abandoned)?;
                let value = &self.frame.row::<<$ty as Element>::Word>(inst.args[3])[..self.lanes];
                if self.unit.undo {
                    let width = const { Width::named(stringify!($table)) };
                    let mask = &self.frame.row::<u32>(inst.m)[..self.lanes];
                    let active = run.iter().zip(mask).enumerate().filter(|(_, (_, mask))| **mask != 0);
                    self.log.extend(active.map(|(lane, (old, _))| {
                        Undo { width, slot: inst.t, index: start + lane, bits: u64::from(*old) }
                    }));
                }
                if inst.m == ALL {
                    run.iter_mut().zip(value).for_each(|(run, value)| *run = Element::store(*value));
                    return Ok(());
                }
                let mask = &self.frame.row::<u32>(inst.m)[..self.lanes];
                for ((run, value), mask) in run.iter_mut().zip(value).zip(mask) {
                    *run = if *mask != 0 { Element::store(*value) } else { *run };
                }
                Ok(())
            }

            /// An element per lane.
            #[inline(always)]
            pub(super) fn $gather(&mut self, inst: &BlockInst) -> Result<(), Stop> {
                let count = self.groups;
                let (others, result) = self.frame.split::<<$ty as Element>::Word>(inst.r);
                let mask = others.row::<u32>(inst.m);
                let place = place!(self, others, inst);
                let slice = &self.memory.$table[inst.t as usize];
                if let (Index::All(row), Index::Each(columns)) = (place.first, place.second) {
                    let start = row.wrapping_mul(place.columns) as usize;
                    let end = start.wrapping_add(place.columns as usize);
                    let elements = slice.get(start..end).filter(|_| row < place.rows);
                    let elements = elements.ok_or(Stop::Abandoned)?;
                    let inside = gather_one_row(
                        elements, groups(columns, count), groups(mask, count), groups_mut(result, count),
                    );
                    return if inside { Ok(()) } else { Err(Stop::Abandoned) };
                }
                for (lane, result) in result[..count * 64].iter_mut().enumerate() {
                    match place.flat(lane).and_then(|flat| slice.get(flat)) {
                        Some(element) => *result = element.load(),
                        None if mask[lane] == 0 => {}
                        None => return Err(Stop::Abandoned),
                    }
                }
                Ok(())
            }

            /// Writes an element per lane.
            #[inline(always)]
            pub(super) fn $scatter(&mut self, inst: &BlockInst) -> Result<(), Stop> {
                let frame = &*self.frame;
                let mask = &frame.row::<u32>(inst.m)[..self.groups * 64];
                let value = &frame.row::<<$ty as Element>::Word>(inst.args[4])[..self.groups * 64];
                let place = place!(self, frame, inst);
                let slice = &mut self.memory.$table[inst.t as usize];
                for (lane, _) in mask.iter().enumerate().filter(|(_, active)| **active != 0) {
                    let index = place.flat(lane).ok_or(Stop::Abandoned)?;
                    let element = slice.get_mut(index).ok_or(Stop::Abandoned)?;
                    if self.unit.undo {
                        let width = const { Width::named(stringify!($table)) };
                        let bits = u64::from(*element);
                        self.log.push(Undo { width, slot: inst.t, index, bits });
                    }
                    *element = Element::store(value[lane]);
                }
                Ok(())
            }
        )*}
    };
}

accesses! {
    load_run32 store_run32 gather32 scatter32 words32 u32;
    load_run64 store_run64 gather64 scatter64 words64 u64;
    load_run_u8 store_run_u8 gather_u8 scatter_u8 bytes u8;
    load_run_bool store_run_bool gather_bool scatter_bool bools bool;
}

impl Block<'_, '_, '_> {
    /// Whether a run stays in its axis.
    #[inline(always)]
    fn run_fits(&self, inst: &BlockInst) -> Result<(), Stop> {
        let (column, columns) = (self.scalar(inst.args[1]), self.scalar(inst.args[2]));
        let end = column.checked_add(self.lanes as u64);
        end.filter(|end| *end <= columns).map(|_| ()).ok_or(Stop::Abandoned)
    }

    /// A commutative atomic operation whose result is not used: lane by lane. Bounds of all lanes
    /// are looked at first: what was done could not be taken back.
    #[inline(never)]
    pub(super) fn atomic(&mut self, inst: &BlockInst) -> Result<(), Stop> {
        let frame = &*self.frame;
        let mask = &frame.row::<u32>(inst.m)[..self.groups * 64];
        let value = &frame.row::<u32>(inst.args[4])[..self.groups * 64];
        let place = place!(self, frame, inst);
        let slice = &mut self.memory.words32[inst.t as usize];
        let active = || mask.iter().enumerate().filter(|(_, active)| **active != 0);
        let inside = |lane| place.flat(lane).is_some_and(|flat| flat < slice.len());
        if !active().all(|(lane, _)| inside(lane)) {
            return Err(Stop::Abandoned);
        }
        let combine = ATOMICS[usize::from(inst.kind >> 2)];
        for (lane, _) in active() {
            let Some(index) = place.flat(lane) else { continue };
            let element = &mut slice[index];
            if self.unit.undo {
                let (width, bits) = (Width::Words32, u64::from(*element));
                self.log.push(Undo { width, slot: inst.t, index, bits });
            }
            *element = combine(*element, value[lane]);
        }
        Ok(())
    }
}

/// The operations of [`Block::atomic`], by number.
pub(super) const ATOMICS: [fn(u32, u32) -> u32; 8] = [
    |old, new| old.wrapping_add(new),
    |old, new| (old as i32).min(new as i32) as u32,
    u32::min,
    |old, new| (old as i32).max(new as i32) as u32,
    u32::max,
    |old, new| old & new,
    |old, new| old | new,
    |old, new| old ^ new,
];
