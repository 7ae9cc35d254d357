//! Float reductions in the language's order (rule 11): sixteen partial results per block of 4,096
//! iterations, folded by halves, the blocks folded in pairs.
//!
//! Partial results stand in the lane table, one after the other, so that four `f32` or two `f64`
//! are one vector. Where a span is long enough and each iteration contributes once, the loop goes
//! sixteen iterations at a time and adds vectors of contributions, each of which is still computed
//! by itself. Blocks of a loop inside a lane are folded here, those of a region by the
//! host.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32X4, F64X2};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use cranelift_frontend::Variable;
use crossover_ir::{Block, Code, InstKind, Reduce, ReduceId, ReduceOp, Stmt};
use crossover_values::DType;

use super::{Lower, clif_type};
use crate::layout::{self, PARTIALS, Scheme};

/// Instructions of a body that is emitted sixteen times over, at most: in a longer one the
/// partial results in memory do not show.
const SMALL_BODY: usize = 16;

/// Contributions of the iterations emitted so far, while sixteen are emitted at once.
pub(super) struct Packed {
    pub(super) sums: Vec<(ReduceId, Vec<Value>)>,
}

/// Whether a loop with reductions is lowered as it is, and not expanded before: all of them have
/// an order, and the body is straight enough for spans.
pub(crate) fn keeps(code: &Code, stmt: &Stmt) -> bool {
    let Stmt::For { var, step: 1, body, parallel: Some(reduces), .. } = stmt else { return false };
    let mut straight = true;
    let mut look = |stmt: &Stmt| straight &= !matches!(stmt, Stmt::Loop { .. } | Stmt::For { .. });
    body.iter().for_each(|stmt| stmt.walk(&mut look));
    let ordered = |id: &ReduceId| {
        let reduce = &code.reduces[id.0 as usize];
        reduce.op.is_ordered(reduce.dtype)
    };
    let narrow = matches!(code.vars[var.0 as usize].dtype, DType::I32 | DType::U32);
    straight && narrow && !reduces.is_empty() && reduces.iter().all(ordered)
}

/// As [`keeps`], where loops run in lanes: any loop that can, if it is not so short that it becomes
/// straight code.
pub(crate) fn keeps_for_lanes(code: &Code, stmt: &Stmt) -> bool {
    let Stmt::For { lo, hi, .. } = stmt else { return false };
    let [lo, hi] = [lo, hi].map(|bound| match code.insts[bound.0 as usize].kind {
        InstKind::Const(bound) => bound.as_integer(),
        _ => None,
    });
    let short = lo.zip(hi).is_some_and(|(lo, hi)| hi - lo < PARTIALS as i128);
    keeps(code, stmt) || (!short && super::lanes::can_run(code, stmt))
}

/// Vectors of the sixteen partial results.
pub(super) fn vectors(dtype: DType) -> (Type, usize) {
    if dtype == DType::F32 { (F32X4, 4) } else { (F64X2, 2) }
}

/// Flags of a vector in the lane table, whose words are aligned to 8 bytes.
pub(super) fn unaligned() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

impl Lower<'_, '_> {
    /// The sums of a loop that go sixteen iterations at a time: all that have an order, if each
    /// iteration adds to each once and does little else.
    pub(super) fn packable(&self, body: &Block, ids: &[ReduceId]) -> Vec<ReduceId> {
        let counted = |kind: &InstKind| matches!(kind, InstKind::Op { .. } | InstKind::Load { .. });
        let mut instructions = 0;
        let mut straight = true;
        for stmt in body {
            match stmt {
                Stmt::Eval(value) => instructions += usize::from(counted(&self.inst(*value).kind)),
                Stmt::Set { .. } | Stmt::Reduce { .. } => {}
                _ => straight = false,
            }
        }
        let once = |id: &ReduceId| {
            let here = |stmt: &&Stmt| matches!(stmt, Stmt::Reduce { reduce, .. } if reduce == id);
            let add = self.code.reduces[id.0 as usize].op == ReduceOp::Add;
            add && body.iter().filter(here).count() == 1
        };
        let fits = straight && instructions <= SMALL_BODY && ids.iter().all(once);
        if fits { ids.to_vec() } else { Vec::new() }
    }

    /// The ordered reductions of a region over one axis: positions there are iterations.
    pub(super) fn region_sums(&self) -> Vec<ReduceId> {
        let all = 0..self.code.reduces.len();
        let ordered = all.filter(|index| {
            self.flat.is_none() && self.source.layout.reduces[*index].1 == Scheme::Blocks
        });
        ordered.map(|index| ReduceId(index as u32)).collect()
    }

    /// Sixteen iterations at a time while there are so many before `until`; goes on in
    /// the current block with the counter where that ended.
    pub(super) fn in_sixteens(
        &mut self,
        sums: &[ReduceId],
        counter: Variable,
        origin: Option<Value>,
        until: Value,
        copy: &mut dyn FnMut(&mut Self, Value, i64),
    ) {
        let here = self.builder.use_var(counter);
        let position = match origin {
            Some(origin) => self.builder.ins().isub(here, origin),
            None => here,
        };
        let slot = self.builder.ins().band_imm_s(position, PARTIALS as i64 - 1);
        let aligned = self.builder.ins().icmp_imm_s(IntCC::Equal, slot, 0);
        let room = self.builder.ins().isub(until, here);
        let steps = self.builder.ins().band_imm_s(room, -(PARTIALS as i64));
        let some = self.builder.ins().icmp_imm_s(IntCC::NotEqual, steps, 0);
        let go = self.builder.ins().band(aligned, some);
        let [entry, packed, done, after] = std::array::from_fn(|_| self.builder.create_block());
        self.builder.ins().brif(go, entry, &[], after, &[]);
        self.continue_in(entry);
        let stop = self.builder.ins().iadd(here, steps);
        self.builder.ins().jump(packed, &[]);

        self.builder.switch_to_block(packed);
        let here = self.builder.use_var(counter);
        let empty = sums.iter().map(|id| (*id, Vec::new())).collect();
        self.packed = Some(Packed { sums: empty });
        for offset in 0..PARTIALS as i64 {
            let at = self.builder.ins().iadd_imm_s(here, offset);
            self.builder.def_var(counter, at);
            copy(self, here, offset);
            self.flush(offset as usize + 1);
        }
        self.packed = None;
        let next = self.builder.ins().iadd_imm_s(here, PARTIALS as i64);
        self.builder.def_var(counter, next);
        let more = self.builder.ins().icmp(IntCC::NotEqual, next, stop);
        self.builder.ins().brif(more, packed, &[], done, &[]);
        self.builder.seal_block(packed);
        self.continue_in(done);
        self.builder.ins().jump(after, &[]);
        self.continue_in(after);
    }

    /// Adds the contributions of the last `lanes` iterations of `done` to their partial results.
    /// These go to memory each time: in between, no more than one vector of each sum is alive,
    /// and the additions stand beside what they add.
    fn flush(&mut self, done: usize) {
        let Some(mut packed) = self.packed.take() else { return };
        for (id, values) in &mut packed.sums {
            let (ty, lanes) = vectors(self.code.reduces[id.0 as usize].dtype);
            if !done.is_multiple_of(lanes) {
                continue;
            }
            let mut vector = self.builder.ins().scalar_to_vector(ty, values[0]);
            for (lane, value) in values.iter().enumerate().skip(1) {
                vector = self.builder.ins().insertlane(vector, *value, lane as u8);
            }
            values.clear();
            let offset = self.partials(*id) + 16 * (done / lanes - 1) as i32;
            let before = self.builder.ins().load(ty, unaligned(), self.lane, offset);
            let after = self.builder.ins().fadd(before, vector);
            self.builder.ins().store(unaligned(), after, self.lane, offset);
        }
        self.packed = Some(packed);
    }

    /// Displacement of the first partial result in the lane table.
    pub(super) fn partials(&self, id: ReduceId) -> i32 {
        layout::offset(self.source.layout.reduces[id.0 as usize].0)
    }

    /// Adds to one partial result in memory: iteration i to that of i mod 16.
    pub(super) fn contribute_partial(
        &mut self,
        id: ReduceId,
        reduce: &Reduce,
        contribution: Value,
        iteration: Value,
    ) {
        let which = self.builder.ins().band_imm_s(iteration, PARTIALS as i64 - 1);
        let bytes = self.builder.ins().imul_imm_s(which, reduce.dtype.size() as i64);
        let address = self.builder.ins().iadd(self.lane, bytes);
        let offset = self.partials(id);
        let flags = MemFlagsData::trusted();
        let ty = clif_type(reduce.dtype);
        let before = self.builder.ins().load(ty, flags, address, offset);
        let after = self.combine(reduce, before, contribution);
        self.builder.ins().store(flags, after, address, offset);
    }
}
