//! The frame of a unit's function: entry, the loop nest of a region, and the ways out.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, Variable};
use crossover_ir::passes::ShortAxis;
use crossover_ir::{ArrayId, Axis, InstKind, Region, Serial, Span, Unit, Var};
use crossover_values::DType;

use super::spans::{self, Counted};
use super::{ArrayValues, Callee, Known, Lower, Source, clif_type, constant_flags, product};
use crate::layout::{self, status};
use crate::site::Site;

impl<'a, 'b> Lower<'a, 'b> {
    pub(super) fn new(
        source: &'a Source<'a>,
        mut builder: FunctionBuilder<'b>,
        callee: &'a mut Callee<'a>,
        sites: &'a mut Vec<Site>,
    ) -> Lower<'a, 'b> {
        let code = source.code();
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let params = builder.block_params(entry);
        let (inputs, lane) = (params[0], params[1]);
        let declare = |var: &Var| builder.declare_var(clif_type(var.dtype));
        let vars = code.vars.iter().map(declare).collect();
        let finish = builder.create_block();
        let failed = builder.create_block();
        for _ in 0..3 {
            builder.append_block_param(failed, I64);
        }
        builder.set_cold_block(failed);
        let cancelled = builder.create_block();
        builder.set_cold_block(cancelled);
        let cancel_word = layout::offset(layout::CANCEL);
        let cancel = builder.ins().load(I64, constant_flags(), inputs, cancel_word);
        Lower {
            source,
            code,
            builder,
            callee,
            sites,
            spans: Vec::new(),
            inputs,
            lane,
            cancel,
            values: vec![None; code.insts.len()],
            vars,
            arrays: vec![None; source.kernel.arrays.len()],
            host: vec![None; source.kernel.vars.len()],
            host_values: vec![None; source.kernel.vars.len()],
            reduces: Vec::new(),
            positions: Vec::new(),
            counts: Vec::new(),
            flat: None,
            loops: Vec::new(),
            finish,
            failed,
            cancelled,
            tested: Known::default(),
            readers: super::lazy::Readers::of(source.unit, code),
            halved: product::halved(code),
            inside: None,
            packed: None,
            registers: Vec::new(),
            lanes_bail: None,
        }
    }

    /// Emits the whole function.
    pub(super) fn run(mut self, config: TargetFrontendConfig) -> Vec<Span> {
        let names = &self.source.layout.names;
        for (array, word) in names.arrays() {
            self.load_array(array, word);
        }
        for (var, word) in names.vars() {
            let dtype = self.source.kernel.vars[var.0 as usize].dtype;
            let value = self.load_word(dtype, constant_flags(), self.inputs, word);
            self.host_values[var.0 as usize] = Some(value);
        }
        match self.source.unit {
            Unit::Region(region) => self.region(region),
            Unit::Serial(serial) => self.serial(serial),
        }
        self.ways_out();
        self.builder.seal_all_blocks();
        self.builder.finalize(config);
        self.spans
    }

    fn load_array(&mut self, array: ArrayId, word: usize) {
        let mut load = |word| self.load_word(DType::I64, constant_flags(), self.inputs, word);
        let values = ArrayValues { base: load(word), extents: [load(word + 1), load(word + 2)] };
        self.arrays[array.0 as usize] = Some(values);
    }

    fn region(&mut self, region: &Region) {
        self.start_reduces();
        let entry = self.builder.current_block().expect("the entry block is being filled");
        let params = self.builder.func.dfg.block_params(entry);
        let (start, end) = (params[2], params[3]);
        if self.source.layout.in_blocks() && region.axes.len() > 1 {
            let flat = self.builder.declare_var(I64);
            self.builder.def_var(flat, start);
            self.flat = Some(flat);
        }
        let end = self.split_start(region, start, end);
        self.axis(region, 0, end);
        self.finish_reduces();
        let done = self.integer(I32, u64::from(status::DONE));
        self.builder.ins().return_(&[done]);
    }

    /// Sets the positions of the first iteration. What is returned bounds the loop nest: the end
    /// of a single axis, or the variable that counts remaining iterations.
    fn split_start(&mut self, region: &Region, start: Value, end: Value) -> End {
        let axes = region.axes.len();
        for axis in 0..axes {
            let word = layout::axis_count(axis);
            let count = self.load_word(DType::I64, constant_flags(), self.inputs, word);
            self.counts.push(count);
            let position = self.builder.declare_var(I64);
            self.positions.push(position);
        }
        let mut rest = start;
        for axis in (1..axes).rev() {
            let count = self.counts[axis];
            let position = self.builder.ins().urem(rest, count);
            self.builder.def_var(self.positions[axis], position);
            rest = self.builder.ins().udiv(rest, count);
        }
        self.builder.def_var(self.positions[0], rest);
        if axes == 1 {
            return End::Position(end);
        }
        let remaining = self.builder.declare_var(I64);
        let total = self.builder.ins().isub(end, start);
        self.builder.def_var(remaining, total);
        End::Remaining(remaining)
    }

    /// Emits the loop over one axis and everything inside; at least one iteration is left.
    fn axis(&mut self, region: &Region, level: usize, end: End) {
        let last = level + 1 == region.axes.len();
        let position = self.positions[level];
        let stop = self.axis_stop(level, last, end);
        if last && let Some(plan) = self.source.lanes {
            self.lane_axis(region, level, stop, plan);
            return self.rewind(level);
        }
        let split = last && region.axes[level].step == 1;
        let index = region.axes[level].index;
        let found = split.then(|| spans::worthwhile(self.code, index, &self.code.body)).flatten();
        if let Some(found) = found {
            let exit = self.builder.create_block();
            let lo = self.axis_lo(&region.axes[level], level);
            let counted = Counted { counter: position, stop, lo, cancellable: false, exit };
            let sums = self.packable(&self.code.body, &self.region_sums());
            self.in_spans(found, counted, (&sums, None), &mut |lower| {
                lower.set_index(&region.axes[level], level);
                lower.lane_body(region);
            });
            self.continue_in(exit);
            return self.rewind(level);
        }
        let head = self.builder.create_block();
        let exit = self.builder.create_block();
        self.builder.ins().jump(head, &[]);
        self.builder.switch_to_block(head);
        self.set_index(&region.axes[level], level);
        if last {
            self.lane_body(region);
        } else {
            self.block(&region.axes[level].prefix);
            self.axis(region, level + 1, end);
        }
        let here = self.builder.use_var(position);
        let one = self.integer(I64, 1);
        let next = self.builder.ins().iadd(here, one);
        self.builder.def_var(position, next);
        let more = self.more(level, next, stop, end);
        self.builder.ins().brif(more, head, &[], exit, &[]);
        self.builder.seal_block(head);
        self.continue_in(exit);
        self.rewind(level);
    }

    /// After an inner axis: its next run starts from the beginning.
    fn rewind(&mut self, level: usize) {
        if level > 0 {
            let zero = self.integer(I64, 0);
            self.builder.def_var(self.positions[level], zero);
        }
    }

    /// Where an axis stops; the innermost one takes its iterations off the remaining ones.
    fn axis_stop(&mut self, level: usize, last: bool, end: End) -> Value {
        match end {
            End::Position(end) => end,
            End::Remaining(remaining) if last => {
                let first = self.builder.use_var(self.positions[level]);
                let left = self.builder.use_var(remaining);
                let room = self.builder.ins().isub(self.counts[level], first);
                let count = self.builder.ins().umin(room, left);
                let left = self.builder.ins().isub(left, count);
                self.builder.def_var(remaining, left);
                self.builder.ins().iadd(first, count)
            }
            End::Remaining(_) => self.counts[level],
        }
    }

    /// Whether an axis goes on after its position became `next`.
    fn more(&mut self, level: usize, next: Value, stop: Value, end: End) -> Value {
        let last = level + 1 == self.positions.len();
        let inside = self.builder.ins().icmp(IntCC::NotEqual, next, stop);
        match end {
            End::Remaining(remaining) if !last => {
                let left = self.builder.use_var(remaining);
                let zero = self.integer(I64, 0);
                let left = self.builder.ins().icmp(IntCC::NotEqual, left, zero);
                self.builder.ins().band(inside, left)
            }
            End::Remaining(_) | End::Position(_) => inside,
        }
    }

    /// Computes the index variable of an axis from the position. It never overflows: every index
    /// of the range is a value of the variable's type.
    pub(super) fn set_index(&mut self, axis: &Axis, level: usize) {
        let mut index = self.builder.use_var(self.positions[level]);
        if axis.step != 1 {
            let step = self.integer(I64, axis.step as u64);
            index = self.builder.ins().imul(index, step);
        }
        if let Some(lo) = self.axis_lo(axis, level) {
            index = self.builder.ins().iadd(lo, index);
        }
        let var = axis.index.0 as usize;
        if clif_type(self.code.vars[var].dtype) == I32 {
            index = self.builder.ins().ireduce(I32, index);
        }
        self.builder.def_var(self.vars[var], index);
    }

    /// First index of an axis, exact in 64 bits, if it is not zero.
    fn axis_lo(&mut self, axis: &Axis, level: usize) -> Option<Value> {
        let lo = &self.source.kernel.insts[axis.lo.0 as usize].kind;
        let from_zero = matches!(lo, InstKind::Const(lo) if lo.to_bits() == 0);
        (!from_zero).then(|| {
            let word = layout::axis_lo(level);
            self.load_word(DType::I64, constant_flags(), self.inputs, word)
        })
    }

    /// One iteration: the body, then the end of the iteration.
    pub(super) fn lane_body(&mut self, region: &Region) {
        self.finish = self.builder.create_block();
        if let Some(short) = self.source.short {
            // Before the loop that was an axis, its first iteration is the one that fails.
            let ty = clif_type(self.code.vars[short.index.0 as usize].dtype);
            let mask = if ty == I32 { u64::from(u32::MAX) } else { u64::MAX };
            let lo = self.integer(ty, short.lo as u64 & mask);
            self.builder.def_var(self.vars[short.index.0 as usize], lo);
        }
        if self.block(&region.code.body) {
            let finish = self.finish;
            self.builder.ins().jump(finish, &[]);
        }
        let finish = self.finish;
        self.continue_in(finish);
        if let Some(flat) = self.flat {
            let here = self.builder.use_var(flat);
            let one = self.integer(I64, 1);
            let next = self.builder.ins().iadd(here, one);
            self.builder.def_var(flat, next);
        }
    }

    fn serial(&mut self, serial: &Serial) {
        let assigned = &self.source.layout.assigned;
        for (var, _) in assigned {
            let before = self.host_get(*var);
            let dtype = self.source.kernel.vars[var.0 as usize].dtype;
            let variable = self.builder.declare_var(clif_type(dtype));
            self.builder.def_var(variable, before);
            self.host[var.0 as usize] = Some(variable);
        }
        let finish = self.finish;
        if self.block(&serial.code.body) {
            self.builder.ins().jump(finish, &[]);
        }
        self.continue_in(finish);
        for (var, word) in assigned {
            let variable = self.host[var.0 as usize].expect("assigned variables are declared");
            let value = self.builder.use_var(variable);
            self.store_lane(value, *word);
        }
        let done = self.integer(I32, u64::from(status::DONE));
        self.builder.ins().return_(&[done]);
    }

    /// The flattened iteration that is running; in the code between two axes, the first of the
    /// inner ones.
    pub(super) fn iteration(&mut self) -> Value {
        let flat = self.flattened();
        match self.source.short {
            Some(short) => self.iteration_of_short(flat, short),
            None => flat,
        }
    }

    /// The position in the range that calls are given parts of.
    pub(super) fn flattened(&mut self) -> Value {
        let mut flat = self.integer(I64, 0);
        for level in 0..self.positions.len() {
            let position = self.builder.use_var(self.positions[level]);
            if level == 0 {
                flat = position;
            } else {
                flat = self.builder.ins().imul(flat, self.counts[level]);
                flat = self.builder.ins().iadd(flat, position);
            }
        }
        flat
    }

    /// The iteration of a last axis that has become a loop.
    fn iteration_of_short(&mut self, outer: Value, short: ShortAxis) -> Value {
        let index = self.builder.use_var(self.vars[short.index.0 as usize]);
        let dtype = self.code.vars[short.index.0 as usize].dtype;
        let index = self.widened(index, dtype);
        let distance = self.builder.ins().iadd_imm_s(index, short.lo.wrapping_neg());
        let step = self.integer(I64, short.step as u64);
        let position = self.builder.ins().sdiv(distance, step);
        let count = self.integer(I64, short.count);
        let flat = self.builder.ins().imul(outer, count);
        self.builder.ins().iadd(flat, position)
    }

    fn ways_out(&mut self) {
        let failed = self.failed;
        self.continue_in(failed);
        let words = [layout::FAILED_SITE, layout::FAILED_PAYLOAD, layout::FAILED_ITERATION];
        for (position, word) in words.into_iter().enumerate() {
            let value = self.builder.block_params(failed)[position];
            self.store_lane(value, word);
        }
        self.leave(status::FAILED);
        let cancelled: Block = self.cancelled;
        self.continue_in(cancelled);
        self.leave(status::CANCELLED);
    }

    fn leave(&mut self, status: u32) {
        let status = self.integer(I32, u64::from(status));
        self.builder.ins().return_(&[status]);
    }
}

/// What bounds a loop nest.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// End of the only axis.
    Position(Value),
    /// Counts iterations that are left.
    Remaining(Variable),
}
