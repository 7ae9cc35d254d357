//! Block instructions: their fields, and which of them are rows.

use super::table::block_table;
use crate::opcode::field;

/// A row of the frame.
pub(super) type Row = u32;

/// What an instruction does to its result row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing.
    None,
    /// Writes all lanes.
    Write,
    /// Keeps some lanes.
    Update,
}

/// The facts of an operation that row allocation and fusing need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Info {
    /// Its name in listings.
    pub(super) name: &'static str,
    /// The operands that are rows.
    reads: &'static [usize],
    /// What it does to row `r`.
    pub(super) role: Role,
    /// Whether it reads the mask.
    pub(super) masked: bool,
}

macro_rules! define_ops {
    (
        pure { $($p:ident ($($pa:ident: $pt:ty),*) -> $pr:ty = $pe:expr;)* }
        trapping { $($q:ident ($($qa:ident: $qt:ty),*) -> $qr:ty | $qb:expr => $qe:expr;)* }
        update { $($u:ident ($($ua:ident: $ut:ty),*) |$uo:ident: $uot:ty| $ue:expr;)* }
        special { $($s:ident [$($sr:literal),*] $sw:ident;)* }
    ) => {
        /// What an instruction does; the table says it row by row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub(super) enum BlockOp { $($p,)* $($q,)* $($u,)* $($s,)* }

        impl BlockOp {
            /// The facts of the operation's row.
            pub(super) const fn info(self) -> Info {
                let (name, reads, role): (_, &'static [usize], _) = match self {
                    $(BlockOp::$p => (stringify!($p), const { &[$(field(stringify!($pa))),*] }, Role::Write),)*
                    $(BlockOp::$q => (stringify!($q), const { &[$(field(stringify!($qa))),*] }, Role::Write),)*
                    $(BlockOp::$u => (stringify!($u), const { &[$(field(stringify!($ua))),*] }, Role::Update),)*
                    $(BlockOp::$s => (stringify!($s), &[$($sr),*], Role::$sw),)*
                };
                Info { name, reads, role, masked: self.is_masked() }
            }

            const fn is_masked(self) -> bool {
                use BlockOp::*;
                match self {
                    $(BlockOp::$q => true,)*
                    DivFloorI64 | DivFloorU64 | RemFloorI64 | RemFloorU64 | Math1F32 | Math1F64
                    | Math2F32 | Math2F64 | Blend32 | Blend64 | JumpNone | Compact | Gather32
                    | Gather64 | GatherU8 | GatherBool | Scatter32 | Scatter64 | ScatterU8 | ScatterBool
                    | StoreRun32 | StoreRun64 | StoreRunU8 | StoreRunBool | Atomic | ScratchZero
                    | ScratchStore32 | ScratchStore64 | ScratchGather32 | ScratchGather64
                    | ScratchScatter32 | ScratchScatter64 | ReduceFold | ReduceScalar | TrapIf => true,
                    _ => false,
                }
            }
        }
    };
}
block_table!(define_ops);

/// The first index of a gather or scatter is a row, not a scalar.
pub(super) const FIRST_IS_ROW: u8 = 1;
/// The second index is a row.
pub(super) const SECOND_IS_ROW: u8 = 2;

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockInst {
    /// What it does.
    pub(super) op: BlockOp,
    /// Of gathers and scatters, which indices are rows; of an atomic also its operation.
    pub(super) kind: u8,
    /// Result row.
    pub(super) r: Row,
    /// Operands: rows, or registers of the scalar frame.
    pub(super) args: [u32; 5],
    /// The mask.
    pub(super) m: Row,
    /// Branch target, array slot, or an index into a list of the unit.
    pub(super) t: u32,
}

impl BlockInst {
    /// An instruction without mask and target.
    pub(super) fn new(op: BlockOp, r: Row, operands: &[u32]) -> BlockInst {
        let mut args = [0; 5];
        args[..operands.len()].copy_from_slice(operands);
        BlockInst { op, kind: 0, r, args, m: 0, t: 0 }
    }

    /// The same under a mask.
    pub(super) fn under(self, m: Row) -> BlockInst {
        BlockInst { m, ..self }
    }

    /// The same with a target.
    pub(super) fn to(self, t: u32) -> BlockInst {
        BlockInst { t, ..self }
    }

    /// Operands that are rows.
    pub(super) fn operands(&self) -> impl Iterator<Item = usize> + use<> {
        use BlockOp::*;
        let addressed = matches!(
            self.op,
            Gather32
                | Gather64
                | GatherU8
                | GatherBool
                | Scatter32
                | Scatter64
                | ScatterU8
                | ScatterBool
                | Atomic
        );
        let kind = self.kind;
        let is_row = move |place: &usize| match place {
            0 if addressed => kind & FIRST_IS_ROW != 0,
            1 if addressed => kind & SECOND_IS_ROW != 0,
            _ => true,
        };
        self.op.info().reads.iter().copied().filter(is_row)
    }

    /// Rows it reads, the mask and an updated result among them.
    pub(super) fn reads(&self) -> impl Iterator<Item = Row> + '_ {
        let info = self.op.info();
        let updated = (info.role == Role::Update).then_some(self.r);
        let mask = info.masked.then_some(self.m);
        self.operands().map(|place| self.args[place]).chain(mask).chain(updated)
    }

    /// The row it writes.
    pub(super) fn writes(&self) -> Option<Row> {
        (self.op.info().role != Role::None).then_some(self.r)
    }

    /// Whether `t` is a label.
    pub(super) fn branches(&self) -> bool {
        use BlockOp::*;
        matches!(self.op, Jump | JumpNone | BrF | BrT)
    }
}
