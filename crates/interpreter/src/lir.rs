//! Linear code between the IR and bytecode: opcodes over any number of virtual registers, with
//! labels instead of positions.

use crate::opcode::{Opcode, ResultRole, Target};

/// A virtual register. Registers below [`crate::memory::REGISTERS`] in number, renumbered densely,
/// become those of the frame.
pub(crate) type Reg = u32;

/// A place to branch to.
pub(crate) type Label = u32;

/// Where an instruction comes from: index into the anchors of a unit. Several instructions may
/// share one (a condition that was copied), and a fused instruction has several.
pub(crate) type Anchor = u32;

/// An instruction over virtual registers.
#[derive(Clone, Debug)]
pub(crate) struct Lir {
    /// What it does.
    pub(crate) op: Opcode,
    /// Result register.
    pub(crate) r: Reg,
    /// Operands `a b c d e`.
    pub(crate) args: [Reg; 5],
    /// Label, array slot or first register of a block.
    pub(crate) t: u32,
    /// What it evaluates; the first entry says where a trap is.
    pub(crate) anchors: Vec<Anchor>,
}

/// An entry of linear code.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// An instruction.
    Inst(Lir),
    /// A place to branch to.
    Label(Label),
    /// From here copies into variables wait for a need, or no longer do.
    Copies(Copies),
    /// Nothing any more.
    Gone,
}

/// When a copy into a variable is made.
///
/// In the first of two copies of a loop body they wait: the second copy may read the value itself,
/// and assign the variable again before anyone needs it. That takes a trip through memory out of
/// the loop's critical path. Where code leaves in between, the copies are made on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copies {
    /// At the end of the stretch, or on the way out.
    Late,
    /// At once.
    AtOnce,
}

impl Lir {
    /// An instruction without target.
    pub(crate) fn new(op: Opcode, r: Reg, operands: &[Reg], anchors: Vec<Anchor>) -> Lir {
        let mut args = [0; 5];
        args[..operands.len()].copy_from_slice(operands);
        Lir { op, r, args, t: 0, anchors }
    }

    /// A branch.
    pub(crate) fn branch(op: Opcode, operands: &[Reg], to: Label, anchors: Vec<Anchor>) -> Lir {
        Lir { t: to, ..Lir::new(op, 0, operands, anchors) }
    }

    /// The registers it reads, `r` included where it is updated.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Reg> + '_ {
        let info = self.op.info();
        let updated = (info.result == ResultRole::Update).then_some(self.r);
        info.reads.iter().map(|&field| self.args[field]).chain(updated)
    }

    /// The register it writes.
    pub(crate) fn writes(&self) -> Option<Reg> {
        (self.op.info().result != ResultRole::None).then_some(self.r)
    }

    /// The label it may branch to.
    pub(crate) fn label(&self) -> Option<Label> {
        (self.op.info().target == Target::Branch).then_some(self.t)
    }
}
