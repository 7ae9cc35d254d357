//! Types and handles of instructions, wherever they stand.

use crossover_values::DType;

use super::Violation;
use crate::{
    ArrayId, ArrayName, AtomicOp, Class, Inst, InstKind, Kernel, Scratch, ScratchId, ValueId, Var,
    VarId,
};

/// What the instructions of one arena may name.
#[derive(Clone, Copy)]
pub(super) struct Typing<'k> {
    pub(super) kernel: &'k Kernel,
    pub(super) insts: &'k [Inst],
    /// Variables of the same level.
    pub(super) vars: &'k [Var],
    /// `None` at host level.
    pub(super) scratch: Option<&'k [Scratch]>,
}

impl<'k> Typing<'k> {
    pub(super) fn inst(&self, value: ValueId) -> Result<&'k Inst, Violation> {
        get(self.insts, value.0, "value")
    }

    /// Type of a value that may be used: an atomic store's may not.
    pub(super) fn value(&self, value: ValueId) -> Result<DType, Violation> {
        let inst = self.inst(value)?;
        match &inst.kind {
            InstKind::Atomic(atomic) if atomic.op == AtomicOp::Store => {
                Err(Violation::Unspecified { index: value.0 })
            }
            _ => Ok(inst.dtype),
        }
    }

    pub(super) fn var(&self, var: VarId) -> Result<&'k Var, Violation> {
        get(self.vars, var.0, "variable")
    }

    pub(super) fn host_var(&self, var: VarId) -> Result<&'k Var, Violation> {
        get(&self.kernel.vars, var.0, "host variable")
    }

    pub(super) fn array(&self, array: ArrayId) -> Result<&'k ArrayName, Violation> {
        get(&self.kernel.arrays, array.0, "array")
    }

    pub(super) fn scratch(&self, scratch: ScratchId) -> Result<&'k Scratch, Violation> {
        get(self.scratch.unwrap_or(&[]), scratch.0, "scratch array")
    }

    pub(super) fn integer(&self, what: &'static str, value: ValueId) -> Result<(), Violation> {
        let found = self.value(value)?;
        if Class::Int.contains(found) { Ok(()) } else { Err(Violation::NotInteger { what, found }) }
    }

    pub(super) fn typed(
        &self,
        what: &'static str,
        value: ValueId,
        expected: DType,
    ) -> Result<(), Violation> {
        same(what, expected, self.value(value)?)
    }

    /// One integer index per axis.
    pub(super) fn indices(&self, array: &ArrayName, indices: &[ValueId]) -> Result<(), Violation> {
        count("indices", array.rank as usize, indices.len())?;
        indices.iter().try_for_each(|index| self.integer("an index", *index))
    }

    /// Checks an instruction's own type, handles and operand types.
    pub(super) fn check(&self, inst: &Inst) -> Result<(), Violation> {
        if inst.dtype == DType::U8 {
            return Err(Violation::ByteScalar { what: "an instruction".to_owned() });
        }
        let result = |expected| same("the instruction's value", expected, inst.dtype);
        match &inst.kind {
            InstKind::Const(constant) => result(constant.dtype()),
            InstKind::Get(var) => result(self.var(*var)?.dtype),
            InstKind::Extent { array, axis } => {
                if *axis >= self.array(*array)?.rank {
                    return Err(Violation::Handle { what: "axis", index: *axis });
                }
                result(DType::I32)
            }
            InstKind::Op { op, args } => {
                let (signature, result) = (op.info().signature, inst.dtype);
                let value = |arg: &ValueId| self.value(*arg);
                let fits = match args.as_slice() {
                    [a] => signature.check(result, &[value(a)?]),
                    [a, b] => signature.check(result, &[value(a)?, value(b)?]),
                    [a, b, c] => signature.check(result, &[value(a)?, value(b)?, value(c)?]),
                    _ => false,
                };
                if fits {
                    return Ok(());
                }
                let args = args.iter().map(value).collect::<Result<_, _>>()?;
                Err(Violation::Signature { op: *op, args, result })
            }
            InstKind::HostGet(_)
            | InstKind::Load { .. }
            | InstKind::ScratchLoad { .. }
            | InstKind::Atomic(_)
                if self.scratch.is_none() =>
            {
                Err(Violation::NotHostLevel)
            }
            InstKind::HostGet(var) => result(self.host_var(*var)?.dtype),
            InstKind::Load { array, indices } => {
                let array = self.array(*array)?;
                self.indices(array, indices)?;
                result(array.dtype.loaded())
            }
            InstKind::ScratchLoad { scratch, index } => {
                self.integer("an index", *index)?;
                result(self.scratch(*scratch)?.dtype.loaded())
            }
            InstKind::Atomic(atomic) => {
                let array = self.array(atomic.array)?;
                self.indices(array, &atomic.indices)?;
                if !matches!(array.dtype, DType::U32 | DType::I32) {
                    let (array, dtype) = (array.name.clone(), array.dtype);
                    return Err(Violation::AtomicType { array, dtype });
                }
                count("atomic operands", atomic.op.arity(), atomic.args.len())?;
                for arg in &atomic.args {
                    self.typed("an atomic operand", *arg, array.dtype)?;
                }
                result(array.dtype)
            }
        }
    }

    /// Names are unique and their types possible.
    pub(super) fn check_vars(&self) -> Result<(), Violation> {
        unique("variable", self.vars.iter().map(|var| var.name.as_str()))?;
        match self.vars.iter().find(|var| var.dtype == DType::U8) {
            Some(var) => Err(Violation::ByteScalar { what: format!("variable `{}`", var.name) }),
            None => Ok(()),
        }
    }
}

/// An element of an arena.
pub(super) fn get<'k, T>(
    arena: &'k [T],
    index: u32,
    what: &'static str,
) -> Result<&'k T, Violation> {
    arena.get(index as usize).ok_or(Violation::Handle { what, index })
}

pub(super) fn same(what: &'static str, expected: DType, found: DType) -> Result<(), Violation> {
    if expected == found { Ok(()) } else { Err(Violation::Type { what, expected, found }) }
}

pub(super) fn count(what: &'static str, expected: usize, found: usize) -> Result<(), Violation> {
    if expected == found { Ok(()) } else { Err(Violation::Count { what, expected, found }) }
}

pub(super) fn unique<'n>(
    what: &'static str,
    names: impl Iterator<Item = &'n str>,
) -> Result<(), Violation> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Violation::DuplicateName { what, name: name.to_owned() });
        }
    }
    Ok(())
}
