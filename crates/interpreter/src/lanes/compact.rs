//! Stream compaction: a divergent loop in which few lanes are left goes on with those alone.
//!
//! Rows that cross the loop's turns are set aside as they were, and the lanes that are left move
//! to the front of each. When the loop ends, what it changed goes back to the lanes' old places.

use super::block::{Block, Saved};
use super::frame::{Frame, GROUP};
use super::inst::{BlockInst, Row};

impl Block<'_, '_, '_> {
    /// The number of groups that the active lanes need, if that is worth it.
    #[inline(always)]
    pub(super) fn fewer_groups(&self, mask: Row) -> Option<usize> {
        if self.groups == 1 {
            return None;
        }
        let lanes = &self.frame.row::<u32>(mask)[..self.groups * GROUP];
        let active = lanes.iter().fold(0_u32, |count, lane| count.wrapping_sub(*lane)) as usize;
        let groups = active.div_ceil(GROUP).max(1);
        // Moving rows costs about what a few turns cost.
        (groups * 4 <= self.groups * 3).then_some(groups)
    }

    /// Goes on with the active lanes.
    #[inline(never)]
    pub(super) fn compact(&mut self, inst: &BlockInst, groups: usize) {
        let number = inst.t;
        let unit = self.unit;
        let carried = &unit.loops[number as usize];
        let mask = &self.frame.row::<u32>(inst.m)[..self.groups * GROUP];
        let left: Vec<u32> =
            (0_u32..).zip(mask).filter(|(_, active)| **active != 0).map(|(lane, _)| lane).collect();
        let again = self.saved.last().is_some_and(|saved| saved.number == number);
        if !again {
            let places = (0..(self.groups * GROUP) as u32).collect();
            self.saved.push(Saved { number, groups: self.groups, places });
        }
        let Some(saved) = self.saved.last_mut() else { return };
        for (home, (row, changed)) in (carried.home..).zip(&carried.rows) {
            let all = self.frame.row::<u64>(*row);
            if !again {
                self.home.row_mut::<u64>(home).copy_from_slice(all);
            } else if *changed {
                scatter(self.frame, *row, self.home, home, &saved.places, unit.is_wide(*row));
            }
            gather(self.frame, *row, &left, groups * GROUP, unit.is_wide(*row));
        }
        saved.places = left.iter().map(|lane| saved.places[*lane as usize]).collect();
        self.groups = groups;
    }

    /// After a loop: everything is where it was.
    #[inline(never)]
    pub(super) fn restore(&mut self, number: u32) {
        if self.saved.last().is_none_or(|saved| saved.number != number) {
            return;
        }
        let Some(saved) = self.saved.pop() else { return };
        let unit = self.unit;
        let carried = &unit.loops[number as usize];
        for (home, (row, changed)) in (carried.home..).zip(&carried.rows) {
            if *changed {
                scatter(self.frame, *row, self.home, home, &saved.places, unit.is_wide(*row));
            }
            self.frame.row_mut::<u64>(*row).copy_from_slice(self.home.row::<u64>(home));
        }
        self.groups = saved.groups;
    }
}

/// Writes the lanes that are left to their old places.
fn scatter(frame: &Frame, row: Row, home: &mut Frame, to: Row, places: &[u32], wide: bool) {
    if wide {
        let to = home.row_mut::<u64>(to);
        let lanes = places.iter().zip(frame.row::<u64>(row));
        lanes.for_each(|(place, lane)| to[*place as usize] = *lane);
    } else {
        let to = home.row_mut::<u32>(to);
        let lanes = places.iter().zip(frame.row::<u32>(row));
        lanes.for_each(|(place, lane)| to[*place as usize] = *lane);
    }
}

/// Moves lanes to the front; the rest up to `end` is zero, so that no mask is set there.
fn gather(frame: &mut Frame, row: Row, lanes: &[u32], end: usize, wide: bool) {
    if wide {
        let row = frame.row_mut::<u64>(row);
        (0..).zip(lanes).for_each(|(to, lane): (usize, _)| row[to] = row[*lane as usize]);
        row[lanes.len()..end].fill(0);
    } else {
        let row = frame.row_mut::<u32>(row);
        (0..).zip(lanes).for_each(|(to, lane): (usize, _)| row[to] = row[*lane as usize]);
        row[lanes.len()..end].fill(0);
    }
}
