//! Lane code as WGSL statements.
//!
//! Each evaluated value becomes a `let`, or, if it is used once and nothing between could change
//! it, part of the expression that uses it: such values are *held* until their use, and written
//! down early when a statement comes that might change what they read.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::words64::is_wide;
use crossover_ir::{
    Accuracy, ArrayId, Atomic, AtomicOp, Block, Inst, InstKind, Op, ReduceScope, Span, Stmt,
    ValueId, VarId,
};
use crossover_values::{DType, Scalar};

use super::context::{Context, from_word, to_word};
use super::helper::Helper;
use super::lines::Lines;
use super::literal::{literal, type_name};
use super::ops::{self, Arg};
use super::plan::{Access, Stored, UniformValue};
use super::unroll::{jumps, trips};
use super::words::{self, low_word, pair};

/// Longest expression that is still held back for its use.
const LONGEST: usize = 96;

/// What a held expression reads that statements may change.
#[derive(Clone, Debug, Default)]
struct Reads {
    vars: BTreeSet<VarId>,
    memory: bool,
}

impl Reads {
    fn join(&mut self, other: &Reads) {
        self.vars.extend(other.vars.iter().copied());
        self.memory |= other.memory;
    }
}

/// What is known of a value after its evaluation.
#[derive(Clone, Debug)]
struct Known {
    text: String,
    constant: Option<Scalar>,
    reads: Reads,
}

/// Writes the statements of a unit.
pub(crate) struct Body<'a> {
    cx: &'a Context<'a>,
    /// Text so far.
    pub lines: Lines<'a>,
    /// Helpers that the text calls.
    pub helpers: BTreeSet<Helper>,
    /// Lane variables that the text assigns or reads.
    pub vars: BTreeSet<VarId>,
    /// Scratch arrays that the text uses.
    pub scratch: BTreeSet<usize>,
    known: BTreeMap<ValueId, Known>,
    held: Vec<ValueId>,
    fixed: BTreeMap<VarId, Scalar>,
}

impl<'a> Body<'a> {
    /// An empty body whose statements are indented by one step.
    pub(crate) fn new(cx: &'a Context<'a>) -> Self {
        Body {
            cx,
            lines: Lines::new(cx.request.sources),
            helpers: BTreeSet::new(),
            vars: BTreeSet::new(),
            scratch: BTreeSet::new(),
            known: BTreeMap::new(),
            held: Vec::new(),
            fixed: BTreeMap::new(),
        }
    }

    /// Writes a block. Whatever follows a jump in it is unreachable and left out.
    pub(crate) fn block(&mut self, block: &Block) {
        for stmt in block {
            self.statement(stmt);
            if matches!(stmt, Stmt::Break | Stmt::Continue | Stmt::Return) {
                break;
            }
        }
    }

    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Eval(value) => self.eval(*value),
            Stmt::Set { var, value } => self.set(*var, *value),
            Stmt::HostSet { var, value } => {
                let value = self.take(*value);
                let word = to_word(value.dtype, &value.text);
                self.settle_memory();
                if let Some(slot) = self.cx.scalar_slot(*var) {
                    self.lines.push(&format!("{slot} = {word};"));
                }
            }
            Stmt::Store { array, indices, value, span } => {
                self.store(*array, indices, *value, *span);
            }
            Stmt::ScratchZero(scratch) => {
                self.settle_memory();
                let at = scratch.0 as usize;
                self.scratch.insert(at);
                let ty = scratch_type(self.cx.code.scratch[at].dtype, self.cx.code.scratch[at].len);
                self.lines.push(&format!("{} = {ty}();", self.cx.scratch[at]));
            }
            Stmt::ScratchStore { scratch, index, value, span } => {
                self.scratch_store(scratch.0 as usize, *index, *value, *span);
            }
            Stmt::If { cond, then, otherwise, span } => self.branch(*cond, then, otherwise, *span),
            Stmt::Switch { selector, cases, default, span } => {
                self.switch(*selector, cases, default, *span);
            }
            Stmt::Loop { header, cond, body, continuing, span } => {
                self.repeat(header, *cond, body, continuing, *span);
            }
            Stmt::For { .. } => self.counted(stmt),
            Stmt::Reduce { reduce, value, payload } => {
                self.reduce(reduce.0 as usize, *value, payload);
            }
            Stmt::Break => self.lines.push("break;"),
            Stmt::Continue => self.lines.push("continue;"),
            Stmt::Return => self.lines.push("return;"),
            // Undetected here: a shader runs only on cases that the interpreter completed.
            Stmt::Trap { .. } => {}
        }
    }

    fn eval(&mut self, value: ValueId) {
        let inst = &self.cx.code.insts[value.0 as usize];
        let uses = self.cx.uses.counts[value.0 as usize];
        if let InstKind::Atomic(atomic) = &inst.kind {
            return self.atomic(value, atomic, uses, inst.span);
        }
        if uses == 0 {
            return;
        }
        self.lines.at(inst.span);
        let (known, atom) = self.compute(value, inst);
        let keep = atom || (uses == 1 && known.text.len() <= LONGEST);
        let movable = known.reads.vars.is_empty() && !known.reads.memory;
        self.known.insert(value, known);
        if !keep {
            self.name(value);
        } else if !(atom && movable) {
            if uses == 1 { self.held.push(value) } else { self.name(value) }
        }
    }

    /// The value's expression, and whether it is an atom that may be repeated.
    fn compute(&mut self, value: ValueId, inst: &Inst) -> (Known, bool) {
        let mut reads = Reads::default();
        let mut constant = None;
        let (text, atom) = match &inst.kind {
            InstKind::Const(scalar) => {
                constant = Some(*scalar);
                (literal(*scalar, &mut self.helpers), true)
            }
            InstKind::Get(var) => match self.fixed.get(var) {
                Some(&scalar) => {
                    constant = Some(scalar);
                    (literal(scalar, &mut self.helpers), true)
                }
                None => {
                    if !self.cx.is_axis(*var) {
                        reads.vars.insert(*var);
                        self.vars.insert(*var);
                    }
                    (self.cx.vars[var.0 as usize].clone(), true)
                }
            },
            InstKind::HostGet(var) => match self.cx.scalar_slot(*var) {
                Some(slot) => {
                    reads.memory = true;
                    (from_word(inst.dtype, &slot), false)
                }
                None => (self.cx.uniform(UniformValue::HostScalar(*var)), true),
            },
            InstKind::Extent { array, axis } => {
                (self.cx.uniform(UniformValue::ArrayExtent(*array, *axis)), true)
            }
            InstKind::Op { op, args } => match self.fold(*op, inst.dtype, args) {
                Some(scalar) => {
                    constant = Some(scalar);
                    (literal(scalar, &mut self.helpers), true)
                }
                None => (self.op(value, *op, inst.dtype, args, &mut reads), false),
            },
            InstKind::Load { array, indices } => {
                if self.cx.routine {
                    (self.component(*array, indices), true)
                } else {
                    reads.memory = true;
                    (self.load(*array, indices, &mut reads), false)
                }
            }
            InstKind::ScratchLoad { scratch, index } => {
                reads.memory = true;
                let at = scratch.0 as usize;
                self.scratch.insert(at);
                let (index, read) = self.take_with_reads(*index);
                reads.join(&read);
                let index = scratch_index(&index, self.cx.code.scratch[at].len);
                (format!("{}[{index}]", self.cx.scratch[at]), false)
            }
            // Written by `eval`.
            InstKind::Atomic(_) => (String::new(), true),
        };
        (Known { text, constant, reads }, atom)
    }

    /// An op on constants, computed as the interpreter would. Libm's functions stay for the
    /// device, so that all of a kernel's values come from one implementation.
    fn fold(&self, op: Op, dtype: DType, args: &[ValueId]) -> Option<Scalar> {
        if matches!(op.info().accuracy, Accuracy::Inherited(_) | Accuracy::Own(_))
            || !ops::has_f64(op)
        {
            return None;
        }
        let constant = |arg: &ValueId| self.known.get(arg).and_then(|known| known.constant);
        let args: Option<Vec<Scalar>> = args.iter().map(constant).collect();
        crossover_ir::eval(op, dtype, &args?).ok()
    }

    fn op(
        &mut self,
        value: ValueId,
        op: Op,
        result: DType,
        args: &[ValueId],
        reads: &mut Reads,
    ) -> String {
        let mut list = Vec::new();
        for &arg in args {
            let (arg, read) = self.take_with_reads(arg);
            reads.join(&read);
            list.push(arg);
        }
        // WGSL evaluates an expression of constants while compiling, where overflow is an error.
        if list.iter().all(|arg| arg.constant.is_some()) {
            let name = format!("t{}_0", value.0);
            self.lines.push(&format!("var {name} = {};", list[0].text));
            list[0].text = name;
        }
        let zero_divisor = matches!(op, Op::DivFloor | Op::RemFloor | Op::DivTrunc | Op::RemTrunc)
            && list[1].constant.and_then(Scalar::as_integer) == Some(0);
        if zero_divisor {
            let name = format!("t{}_1", value.0);
            self.lines.push(&format!("var {name} = {};", list[1].text));
            list[1].text = name;
        }
        ops::expression(op, result, &list, &mut self.helpers)
    }

    fn load(&mut self, array: ArrayId, indices: &[ValueId], reads: &mut Reads) -> String {
        let index = self.index(array, indices, reads);
        let Some(text) = self.cx.arrays.get(&array) else { return String::new() };
        match (text.stored_as, text.access) {
            (Stored::PackedU8, _) => format!("load_{}({index})", text.name),
            (_, Access::Atomic) => format!("atomicLoad(&{}[{index}])", text.name),
            (_, _) => format!("{}[{index}]", text.name),
        }
    }

    /// The flat index of an element, a `u32` (or, for one axis, whatever integer it is).
    fn index(&mut self, array: ArrayId, indices: &[ValueId], reads: &mut Reads) -> String {
        let packed = self.cx.arrays.get(&array).is_some_and(|a| a.stored_as == Stored::PackedU8);
        let mut list = Vec::new();
        for &index in indices {
            let (index, read) = self.take_with_reads(index);
            reads.join(&read);
            list.push(index);
        }
        match list.as_slice() {
            [only] if packed => low_word(only),
            [only] => whole(only),
            [row, column] => {
                let width = self.cx.uniform(UniformValue::ArrayExtent(array, 1));
                if row.dtype == DType::I32 && column.dtype == DType::I32 {
                    format!("u32(({} * {width}) + {})", row.text, column.text)
                } else {
                    format!("(({} * u32({width})) + {})", low_word(row), low_word(column))
                }
            }
            _ => "0u".to_owned(),
        }
    }

    /// An operand or the result of a routine: of a row of two words the one that the index says.
    fn component(&mut self, array: ArrayId, indices: &[ValueId]) -> String {
        let name = self.cx.arrays.get(&array).map(|text| text.name.clone()).unwrap_or_default();
        let words: Vec<Arg> = indices.iter().map(|&index| self.take(index)).collect();
        match words.as_slice() {
            [_, word] if word.constant.and_then(Scalar::as_integer) == Some(0) => {
                format!("{name}.x")
            }
            [_, _] => format!("{name}.y"),
            _ => name,
        }
    }

    fn set(&mut self, var: VarId, value: ValueId) {
        let value = self.take(value);
        self.settle(|reads| reads.vars.contains(&var));
        self.vars.insert(var);
        self.lines.push(&format!("{} = {};", self.cx.vars[var.0 as usize], value.text));
    }

    fn store(&mut self, array: ArrayId, indices: &[ValueId], value: ValueId, span: Span) {
        self.lines.at(span);
        let value = self.take(value);
        if self.cx.routine {
            let place = self.component(array, indices);
            return self.lines.push(&format!("{place} = {};", value.text));
        }
        let index = self.index(array, indices, &mut Reads::default());
        self.settle_memory();
        let Some(text) = self.cx.arrays.get(&array) else { return };
        let (name, value) = (&text.name, &value.text);
        self.lines.push(&match (text.stored_as, text.access) {
            (Stored::PackedU8, _) if text.element == DType::Bool => {
                format!("store_{name}({index}, u32({value}));")
            }
            (Stored::PackedU8, _) => format!("store_{name}({index}, {value});"),
            (_, Access::Atomic) => format!("atomicStore(&{name}[{index}], {value});"),
            (_, _) => format!("{name}[{index}] = {value};"),
        });
    }

    fn scratch_store(&mut self, at: usize, index: ValueId, value: ValueId, span: Span) {
        self.lines.at(span);
        let value = self.take(value);
        let index = self.take(index);
        self.settle_memory();
        self.scratch.insert(at);
        let scratch = &self.cx.code.scratch[at];
        let index = scratch_index(&index, scratch.len);
        let value = if scratch.dtype == DType::U8 {
            format!("({} & 255u)", value.text)
        } else {
            value.text
        };
        self.lines.push(&format!("{}[{index}] = {value};", self.cx.scratch[at]));
    }

    fn atomic(&mut self, value: ValueId, atomic: &Atomic, uses: u32, span: Span) {
        self.lines.at(span);
        let args: Vec<String> = atomic.args.iter().map(|&arg| self.take(arg).text).collect();
        let index = self.index(atomic.array, &atomic.indices, &mut Reads::default());
        self.settle_memory();
        let Some(array) = self.cx.arrays.get(&atomic.array) else { return };
        let place = format!("&{}[{index}]", array.name);
        let call = match (atomic.op, args.as_slice()) {
            (AtomicOp::Load, _) => format!("atomicLoad({place})"),
            (AtomicOp::CompareExchange, [expected, new]) => {
                format!("exchange_if_{}(u32({index}), {expected}, {new})", array.name)
            }
            (op, [operand, ..]) => format!("{}({place}, {operand})", atomic_function(op)),
            (_, []) => return,
        };
        if uses == 0 {
            if atomic.op != AtomicOp::Load {
                self.lines.push(&format!("{call};"));
            }
            return;
        }
        let name = format!("t{}", value.0);
        self.lines.push(&format!("let {name} = {call};"));
        self.known.insert(value, Known { text: name, constant: None, reads: Reads::default() });
    }

    fn branch(&mut self, cond: ValueId, then: &Block, otherwise: &Block, span: Span) {
        self.lines.at(span);
        let cond = self.take(cond);
        self.settle_all();
        self.lines.open(&format!("if ({}) {{", cond.text));
        self.block(then);
        self.settle_all();
        if !otherwise.is_empty() {
            self.lines.turn("} else {");
            self.block(otherwise);
            self.settle_all();
        }
        self.lines.close("}");
    }

    /// A WGSL `break` inside a `switch` leaves the `switch`, so one that means the loop around
    /// it needs a chain of `if`.
    fn switch(&mut self, selector: ValueId, cases: &[(i64, Block)], default: &Block, span: Span) {
        self.lines.at(span);
        let selector = self.take(selector);
        self.settle_all();
        let label = |case: i64| match selector.dtype {
            DType::U32 => format!("{}u", case as u32),
            _ if case as i32 == i32::MIN => "i32(-2147483648)".to_owned(),
            _ => format!("{}i", case as i32),
        };
        if cases.iter().map(|(_, block)| block).chain([default]).any(jumps) {
            let name = self.lines.fresh("selector");
            self.lines.push(&format!("let {name} = {};", selector.text));
            for (at, (case, block)) in cases.iter().enumerate() {
                let test = format!("if ({name} == {}) {{", label(*case));
                if at == 0 {
                    self.lines.open(&test);
                } else {
                    self.lines.turn(&format!("}} else {test}"));
                }
                self.block(block);
                self.settle_all();
            }
            if cases.is_empty() {
                self.lines.open("{");
            } else {
                self.lines.turn("} else {");
            }
            self.block(default);
            self.settle_all();
            self.lines.close("}");
            return;
        }
        self.lines.open(&format!("switch ({}) {{", selector.text));
        for (case, block) in cases {
            self.lines.open(&format!("case {}: {{", label(*case)));
            self.block(block);
            self.settle_all();
            self.lines.close("}");
        }
        self.lines.open("default: {");
        self.block(default);
        self.settle_all();
        self.lines.close("}");
        self.lines.close("}");
    }

    fn repeat(
        &mut self,
        header: &Block,
        cond: Option<ValueId>,
        body: &Block,
        continuing: &Block,
        span: Span,
    ) {
        self.settle_all();
        self.lines.at(span);
        self.lines.open("loop {");
        self.block(header);
        if let Some(cond) = cond {
            let cond = self.take(cond);
            self.settle_all();
            self.lines.open(&format!("if (!{}) {{", cond.text));
            self.lines.push("break;");
            self.lines.close("}");
        }
        self.block(body);
        self.settle_all();
        if !continuing.is_empty() {
            self.lines.open("continuing {");
            self.block(continuing);
            self.settle_all();
            self.lines.close("}");
        }
        self.lines.close("}");
    }

    fn counted(&mut self, stmt: &Stmt) {
        let Stmt::For { var, lo, hi, step, body, span, .. } = stmt else { return };
        self.lines.at(*span);
        if let Some(values) = trips(self.cx.code, stmt) {
            // The bounds are constants; they only leave the list of values in use.
            self.settle_all();
            let quiet = self.lines.quiet;
            for (trip, value) in values.into_iter().enumerate() {
                let outer = self.fixed.insert(*var, value);
                self.lines.open("{");
                self.lines.quiet = quiet || trip > 0;
                self.block(body);
                self.settle_all();
                self.lines.close("}");
                match outer {
                    Some(outer) => self.fixed.insert(*var, outer),
                    None => self.fixed.remove(var),
                };
            }
            self.lines.quiet = quiet;
            return;
        }
        let lo = self.take(*lo);
        let hi = self.take(*hi);
        self.settle_all();
        self.vars.insert(*var);
        self.for_header(&self.cx.vars[var.0 as usize], &lo, &hi, *step);
        self.block(body);
        self.settle_all();
        self.lines.close("}");
    }

    /// Opens a counted loop. With a step of one the variable cannot pass the end of its type;
    /// any other step counts the trips, since `var += step` could wrap before the end.
    fn for_header(&mut self, var: &str, lo: &Arg, hi: &Arg, step: i64) {
        let hi_name = if hi.constant.is_some() || hi.text.starts_with("params.") {
            hi.text.clone()
        } else {
            let name = self.lines.fresh("end");
            self.lines.push(&format!("let {name} = {};", hi.text));
            name
        };
        if is_wide(lo.dtype) {
            return self.wide_header(var, lo, &hi_name, step);
        }
        let one = if lo.dtype == DType::U32 { "1u" } else { "1i" };
        if step == 1 || step == -1 {
            let (test, sign) = if step == 1 { ("<", "+") } else { (">", "-") };
            self.lines.open(&format!(
                "for ({var} = {}; ({var} {test} {hi_name}); {var} = ({var} {sign} {one})) {{",
                lo.text
            ));
            return;
        }
        let trips = self.lines.fresh("trips");
        let start = format!("{trips}_lo");
        self.lines.push(&format!("let {start} = {};", lo.text));
        let (low, high) = if step > 0 { (&start, &hi_name) } else { (&hi_name, &start) };
        let distance = step.unsigned_abs().min(u64::from(u32::MAX));
        let step_text = literal(Scalar::from_bits(lo.dtype, step as u64), &mut self.helpers);
        self.lines.push(&format!(
            "let {trips} = select(0u, ((((u32({high}) - u32({low})) - 1u) / {distance}u) + 1u), ({low} < {high}));"
        ));
        self.lines.push(&format!("{var} = {start};"));
        let left = format!("{trips}_left");
        self.lines.open(&format!(
            "for (var {left} = {trips}; ({left} != 0u); {left} = ({left} - 1u)) {{"
        ));
        // The variable is set at the head of each trip but the first.
        self.lines.push(&format!(
            "{var} = ({start} + ({}(({trips} - {left})) * {step_text}));",
            type_name(lo.dtype)
        ));
    }

    /// The same for a loop variable of two words: the trips are counted in 64 bits.
    fn wide_header(&mut self, var: &str, lo: &Arg, hi: &str, step: i64) {
        let dtype = lo.dtype;
        let helpers = &mut self.helpers;
        let one = pair(1);
        if step == 1 || step == -1 {
            let op = if step == 1 { Op::Lt } else { Op::Gt };
            let test = words::compare(op, dtype, var, hi, helpers);
            let next = pair(step as u64);
            let next = words::sum(dtype, var, &next, helpers);
            return self
                .lines
                .open(&format!("for ({var} = {}; {test}; {var} = {next}) {{", lo.text));
        }
        let trips = self.lines.fresh("trips");
        let (start, left) = (format!("{trips}_lo"), format!("{trips}_left"));
        let (low, high) = if step > 0 { (start.as_str(), hi) } else { (hi, start.as_str()) };
        let distance = words::difference(DType::U64, high, low, helpers);
        let before_last = words::difference(DType::U64, &distance, &one, helpers);
        let args = [
            Arg { text: before_last, dtype: DType::U64, constant: None },
            Arg {
                text: pair(step.unsigned_abs()),
                dtype: DType::U64,
                constant: Some(Scalar::U64(step.unsigned_abs())),
            },
        ];
        let steps = ops::expression(Op::DivFloor, DType::U64, &args, helpers);
        let count = words::sum(DType::U64, &steps, &one, helpers);
        let some = words::compare(Op::Lt, dtype, low, high, helpers);
        let done = words::difference(DType::U64, &trips, &left, helpers);
        let way = words::product(DType::U64, &done, &pair(step as u64), helpers);
        let at = words::sum(DType::U64, &start, &way, helpers);
        let rest = words::difference(DType::U64, &left, &one, helpers);
        self.lines.push(&format!("let {start} = {};", lo.text));
        self.lines.push(&format!("let {trips} = select({}, {count}, {some});", pair(0)));
        self.lines.open(&format!(
            "for (var {left} = {trips}; any({left} != {}); {left} = {rest}) {{",
            pair(0)
        ));
        // The variable is set at the head of each trip.
        self.lines.push(&format!("{var} = {at};"));
    }

    fn reduce(&mut self, at: usize, value: ValueId, payload: &[ValueId]) {
        let value = self.take(value);
        let payload: Vec<String> = payload.iter().map(|&value| self.take(value).text).collect();
        let reduce = &self.cx.code.reduces[at];
        if reduce.scope == ReduceScope::Region {
            let lines = self.cx.reductions.contribute(at, &value.text, &payload, &mut self.helpers);
            lines.iter().for_each(|line| self.lines.push(line));
            return;
        }
        // A loop inside one lane: its iterations come in order, each joins the variable itself.
        let targets: Vec<VarId> =
            [reduce.target].into_iter().chain(reduce.payload.clone()).collect();
        self.settle(|reads| targets.iter().any(|target| reads.vars.contains(target)));
        self.vars.extend(targets.iter().copied());
        let names: Vec<&str> =
            targets.iter().map(|var| self.cx.vars[var.0 as usize].as_str()).collect();
        let lines =
            super::reduce::join_in_order(reduce, &names, &value.text, &payload, &mut self.helpers);
        lines.iter().for_each(|line| self.lines.push(line));
    }

    /// The value for its use; a held one is no longer held.
    fn take(&mut self, value: ValueId) -> Arg {
        self.take_with_reads(value).0
    }

    fn take_with_reads(&mut self, value: ValueId) -> (Arg, Reads) {
        let dtype = self.cx.code.insts[value.0 as usize].dtype;
        self.held.retain(|&held| held != value);
        match self.known.get(&value) {
            Some(known) => {
                let (text, constant) = (known.text.clone(), known.constant);
                (Arg { text, dtype, constant }, known.reads.clone())
            }
            // The validator proves that a value is evaluated before it is used.
            None => {
                let text = literal(Scalar::from_bits(dtype, 0), &mut self.helpers);
                (Arg { text, dtype, constant: None }, Reads::default())
            }
        }
    }

    fn name(&mut self, value: ValueId) {
        if let Some(known) = self.known.get_mut(&value) {
            let name = format!("t{}", value.0);
            self.lines.push(&format!("let {name} = {};", known.text));
            *known = Known { text: name, constant: None, reads: Reads::default() };
        }
    }

    /// Writes down the held values that a coming statement may change.
    fn settle(&mut self, changes: impl Fn(&Reads) -> bool) {
        let due: Vec<ValueId> = self
            .held
            .iter()
            .copied()
            .filter(|value| self.known.get(value).is_some_and(|known| changes(&known.reads)))
            .collect();
        self.held.retain(|value| !due.contains(value));
        for value in due {
            self.name(value);
        }
    }

    fn settle_memory(&mut self) {
        self.settle(|reads| reads.memory);
    }

    fn settle_all(&mut self) {
        self.settle(|_| true);
    }
}

/// The type of a scratch array as a local.
pub(crate) fn scratch_type(dtype: DType, len: u32) -> String {
    format!("array<{}, {len}>", type_name(dtype.loaded()))
}

fn atomic_function(op: AtomicOp) -> &'static str {
    match op {
        AtomicOp::Add => "atomicAdd",
        AtomicOp::Min => "atomicMin",
        AtomicOp::Max => "atomicMax",
        AtomicOp::And => "atomicAnd",
        AtomicOp::Or => "atomicOr",
        AtomicOp::Xor => "atomicXor",
        AtomicOp::Exchange => "atomicExchange",
        AtomicOp::Store => "atomicStore",
        AtomicOp::Load => "atomicLoad",
        AtomicOp::CompareExchange => "atomicCompareExchangeWeak",
    }
}

/// An index of one axis: a constant is written unsigned, since WGSL refuses a negative one even
/// in code that is never reached.
fn whole(index: &Arg) -> String {
    match index.constant.and_then(Scalar::as_integer) {
        Some(value) => format!("{}u", value as u32),
        None if is_wide(index.dtype) => low_word(index),
        None => index.text.clone(),
    }
}

/// A constant index outside a scratch array is refused by WGSL, though never reached: it is
/// written as the last element.
fn scratch_index(index: &Arg, len: u32) -> String {
    match index.constant.and_then(Scalar::as_integer) {
        Some(value) => format!("{}u", (value as u32).min(len.saturating_sub(1))),
        None => whole(index),
    }
}
