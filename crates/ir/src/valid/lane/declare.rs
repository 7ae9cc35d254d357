//! What lane code declares: variables, scratch arrays, reductions, and how it uses arrays.

use super::Lane;
use crate::analysis::accesses;
use crate::valid::Violation;
use crate::valid::flow;
use crate::valid::typing::{same, unique};
use crate::{Class, InstKind, Reduce, ReduceOp, ReduceScope, VarId};

impl Lane<'_> {
    pub(super) fn declarations(&self) -> Result<(), Violation> {
        self.typing.check_vars()?;
        unique("scratch array", self.code.scratch.iter().map(|scratch| scratch.name.as_str()))?;
        for scratch in &self.code.scratch {
            if !(1..=1024).contains(&scratch.len) {
                let (name, len) = (scratch.name.clone(), scratch.len);
                return Err(Violation::ScratchLength { name, len });
            }
        }
        self.code.reduces.iter().try_for_each(|reduce| self.reduction(reduce))
    }

    /// Operator, types and variables of a reduction.
    pub(super) fn reduction(&self, reduce: &Reduce) -> Result<(), Violation> {
        let (op, dtype) = (reduce.op, reduce.dtype);
        let (class, indexed) = match op {
            ReduceOp::Or | ReduceOp::Xor | ReduceOp::And => (Class::Bits, false),
            ReduceOp::Add | ReduceOp::Min | ReduceOp::Max => (Class::Num, false),
            ReduceOp::ArgMin | ReduceOp::ArgMax => (Class::Num, true),
        };
        if !class.contains(dtype) {
            return Err(Violation::ReduceType { op, dtype });
        }
        if !indexed && !reduce.payload.is_empty() {
            return Err(Violation::Payload { op });
        }
        let var = |var: VarId| match reduce.scope {
            ReduceScope::Region => self.typing.host_var(var),
            ReduceScope::Loop => self.typing.var(var),
        };
        same("the target of a reduction", dtype, var(reduce.target)?.dtype)?;
        reduce.payload.iter().try_for_each(|payload| var(*payload).map(|_| ()))
    }

    /// Targets of the region are assigned before it, belong to one reduction each, and no loop
    /// counts with them.
    pub(super) fn region_reduces(&self) -> Result<(), Violation> {
        let mut taken = vec![false; self.typing.kernel.vars.len()];
        for reduce in self.code.reduces.iter().filter(|it| it.scope == ReduceScope::Region) {
            for var in [&reduce.target].into_iter().chain(&reduce.payload) {
                let name = || self.typing.kernel.vars[var.0 as usize].name.clone();
                if std::mem::replace(&mut taken[var.0 as usize], true) {
                    return Err(Violation::SharedTarget { name: name() });
                }
                if !flow::has(&self.flow, self.host_bit(*var)) {
                    return Err(Violation::Unassigned { name: name() });
                }
                if self.host_counting[var.0 as usize] > 0 {
                    return Err(Violation::LoopVariableAssigned { name: name() });
                }
            }
        }
        let reads = self.code.insts.iter().filter_map(|inst| match inst.kind {
            InstKind::HostGet(var) => Some(var),
            _ => None,
        });
        for var in reads {
            if taken.get(var.0 as usize) == Some(&true) {
                let name = self.typing.kernel.vars[var.0 as usize].name.clone();
                return Err(Violation::TargetUsed { name });
            }
        }
        Ok(())
    }

    /// An array used by an atomic is used by nothing else in the region.
    pub(super) fn memory(&self) -> Result<(), Violation> {
        let found = accesses(self.code);
        let mixed = |array| found.reads.contains(array) || found.writes.contains(array);
        match found.atomics.iter().find(|array| mixed(array)) {
            Some(array) => {
                Err(Violation::MixedAtomics { array: self.typing.array(*array)?.name.clone() })
            }
            None => Ok(()),
        }
    }

    pub(super) fn no_region_features(&self) -> Result<(), Violation> {
        if self.code.reduces.iter().any(|reduce| reduce.scope == ReduceScope::Region) {
            return Err(Violation::RegionReduceInSerial);
        }
        match accesses(self.code).atomics.is_empty() {
            true => Ok(()),
            false => Err(Violation::AtomicInSerial),
        }
    }
}
