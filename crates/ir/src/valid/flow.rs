//! Two facts about a point of structured code: which values are visible there, and which
//! variables are assigned on every path to it.

use super::Violation;
use crate::ValueId;

/// A set of small numbers.
#[derive(Clone, Debug)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn new(len: usize) -> Bits {
        Bits(vec![0; len.div_ceil(64)])
    }

    pub(super) fn has(&self, bit: usize) -> bool {
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    pub(super) fn set(&mut self, bit: usize) {
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    pub(super) fn clear(&mut self, bit: usize) {
        self.0[bit / 64] &= !(1 << (bit % 64));
    }

    fn intersect(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine &= theirs);
    }
}

/// What is assigned on every path to a point; `None` where no path leads.
pub(super) type Flow = Option<Bits>;

/// Where two paths meet.
pub(super) fn meet(a: Flow, b: Flow) -> Flow {
    match (a, b) {
        (Some(mut a), Some(b)) => {
            a.intersect(&b);
            Some(a)
        }
        (a, None) => a,
        (None, b) => b,
    }
}

/// Whether a bit is set, or no path leads here.
pub(super) fn has(flow: &Flow, bit: usize) -> bool {
    flow.as_ref().is_none_or(|bits| bits.has(bit))
}

/// Sets a bit, if a path leads here.
pub(super) fn set(flow: &mut Flow, bit: usize) {
    if let Some(bits) = flow {
        bits.set(bit);
    }
}

/// Clears a bit, if a path leads here.
pub(super) fn clear(flow: &mut Flow, bit: usize) {
    if let Some(bits) = flow {
        bits.clear(bit);
    }
}

/// The values of one arena, by block.
#[derive(Debug)]
pub(super) struct Scope {
    evaluated: Vec<bool>,
    visible: Vec<bool>,
    order: Vec<ValueId>,
}

/// Where a block began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(usize);

impl Scope {
    pub(super) fn new(insts: usize) -> Scope {
        Scope { evaluated: vec![false; insts], visible: vec![false; insts], order: Vec::new() }
    }

    pub(super) fn enter(&self) -> Mark {
        Mark(self.order.len())
    }

    /// Ends a block: its values are visible no more.
    pub(super) fn leave(&mut self, mark: Mark) {
        for value in self.order.drain(mark.0..) {
            self.visible[value.0 as usize] = false;
        }
    }

    /// Whether the value was evaluated since the mark, and is visible.
    pub(super) fn is_since(&self, mark: Mark, value: ValueId) -> bool {
        self.order[mark.0..].contains(&value)
    }

    pub(super) fn evaluate(&mut self, value: ValueId) -> Result<(), Violation> {
        let index = value.0 as usize;
        if std::mem::replace(&mut self.evaluated[index], true) {
            return Err(Violation::EvaluatedTwice { index: value.0 });
        }
        self.visible[index] = true;
        self.order.push(value);
        Ok(())
    }

    pub(super) fn check_visible(&self, value: ValueId) -> Result<(), Violation> {
        match self.visible.get(value.0 as usize) {
            Some(true) => Ok(()),
            Some(false) => Err(Violation::NotVisible { index: value.0 }),
            None => Err(Violation::Handle { what: "value", index: value.0 }),
        }
    }

    /// At the end: every instruction was evaluated.
    pub(super) fn finish(&self) -> Result<(), Violation> {
        match self.evaluated.iter().position(|evaluated| !evaluated) {
            Some(index) => Err(Violation::NeverEvaluated { index: index as u32 }),
            None => Ok(()),
        }
    }
}
