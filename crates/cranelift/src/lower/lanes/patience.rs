//! How long a loop stays in scalar code after vectors could not go on.
//!
//! Where spans keep being short, scalar runs get longer: a loop that vectors do not suit costs
//! little more than scalar code.

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_frontend::Variable;

use crate::lower::Lower;

/// Scalar iterations at most before vectors are tried again.
const MOST: u64 = 1024;

/// The least iterations of the next scalar run.
#[derive(Clone, Copy)]
pub(super) struct Patience(Variable);

impl Patience {
    pub(super) fn new(lower: &mut Lower<'_, '_>, least: u64) -> Patience {
        let patience = Patience(lower.builder.declare_var(I64));
        patience.reset(lower, least);
        patience
    }

    /// Vectors went on.
    pub(super) fn reset(self, lower: &mut Lower<'_, '_>, least: u64) {
        let least = lower.integer(I64, least);
        lower.builder.def_var(self.0, least);
    }

    /// The next run has at least `count` iterations.
    pub(super) fn at_least(self, lower: &mut Lower<'_, '_>, count: Value) {
        let patience = lower.builder.use_var(self.0);
        let patience = lower.builder.ins().umax(patience, count);
        lower.builder.def_var(self.0, patience);
    }

    /// Iterations of a scalar run of at least `count`; that after it will be longer.
    pub(super) fn run(self, lower: &mut Lower<'_, '_>, count: Value) -> Value {
        let patience = lower.builder.use_var(self.0);
        let count = lower.builder.ins().umax(patience, count);
        let more = lower.builder.ins().iadd(patience, patience);
        let most = lower.integer(I64, MOST);
        let more = lower.builder.ins().umin(more, most);
        lower.builder.def_var(self.0, more);
        count
    }
}
