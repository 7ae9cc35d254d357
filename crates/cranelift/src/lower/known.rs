//! What dominates what is being emitted and need not be done again: tests, and ops on the same
//! operands.
//!
//! Cranelift numbers values itself, but later: lowering has to see that `at >> 2` is what it was a
//! line above to leave out the second test of an index, and what is not emitted is not compiled.
//! Source: P. Briggs, K. Cooper, L. Simpson, "Value Numbering", Software: Practice and Experience
//! 27(6), 1997: hash-based, scoped by dominance.

use std::collections::HashMap;

use cranelift_codegen::ir::Value;
use crossover_ir::{ArrayId, Op, ScratchId};
use crossover_values::DType;

/// A fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fact {
    /// An index is inside an axis.
    Axis(ArrayId, u32, Value),
    /// An index is inside a scratch array.
    Scratch(ScratchId, Value),
    /// A divisor is not zero.
    NotZero(Value),
    /// There is a constant of these bits.
    Constant(DType, u64),
    /// There is an extent.
    Extent(ArrayId, u32),
    /// An op on these operands was computed: its result's type, then theirs.
    Computed(Op, [DType; 2], [Option<Value>; 3]),
    /// The product of 64 bits of two unsigned numbers was.
    Product([Value; 2]),
}

/// Facts, in the order in which they were found.
#[derive(Default)]
pub(super) struct Known {
    order: Vec<Fact>,
    facts: HashMap<Fact, Option<Value>>,
}

impl Known {
    /// How many there are: what [`Known::truncate`] goes back to.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn contains(&self, fact: &Fact) -> bool {
        self.facts.contains_key(fact)
    }

    pub(super) fn value(&self, fact: &Fact) -> Option<Value> {
        self.facts.get(fact).copied().flatten()
    }

    pub(super) fn push(&mut self, fact: Fact) {
        self.note(fact, None);
    }

    /// Notes a fact that gives a value.
    pub(super) fn note(&mut self, fact: Fact, value: Option<Value>) {
        // An older one holds for longer.
        self.facts.entry(fact).or_insert_with(|| {
            self.order.push(fact);
            value
        });
    }

    /// Forgets what was found since.
    pub(super) fn truncate(&mut self, len: usize) {
        for fact in self.order.drain(len..) {
            self.facts.remove(&fact);
        }
    }
}
