//! One unit of lane code to one CLIF function.
//!
//! The function takes the two tables of [`crate::layout`] and a range of flattened iterations,
//! and returns a status. IR variables become frontend variables, everything else is a CLIF value;
//! loops test at the bottom and tables are read once at the entry, so that Cranelift's mid-end
//! can move what does not change out of loops.

mod atomic;
mod blocks;
mod cast;
mod control;
mod divide;
mod known;
mod lanes;
mod lazy;
mod loops;
mod memory;
mod ops;
mod product;
mod reduce;
mod spans;
pub(crate) mod sums;
mod unit;

use std::collections::BTreeMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F64, I8, I32, I64};
use cranelift_codegen::ir::{
    Block, BlockArg, FuncRef, Function, InstBuilder, InstructionData, MemFlagsData, Opcode,
    SourceLoc, Type, Value,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use crossover_ir::passes::ShortAxis;
use crossover_ir::{Code, Inst, InstKind, Kernel, Op, ReduceId, Span, Unit, ValueId};
use crossover_values::{DType, Scalar};

use crate::Bounds;
use crate::layout::{self, Layout};
use crate::site::{Site, SiteKind};

use known::{Fact, Known};
pub(crate) use lanes::{Plan, inner_plans, plan};

/// Finds the function reference of a call-out.
pub(crate) type Callee<'a> = dyn FnMut(&mut Function, Op, DType, bool) -> FuncRef + 'a;

/// What a unit is lowered from.
pub(crate) struct Source<'a> {
    pub(crate) kernel: &'a Kernel,
    pub(crate) unit: Unit<'a>,
    pub(crate) layout: &'a Layout,
    pub(crate) bounds: Bounds,
    /// How the innermost axis of a region runs in lanes, if it does.
    pub(crate) lanes: Option<&'a Plan>,
    /// The function of the same unit that runs iterations in scalar form, where lanes have no
    /// scalar code beside them.
    pub(crate) scalar: Option<FuncRef>,
    /// How counted loops of scalar code run in lanes, by what tells them apart.
    pub(crate) inner: &'a BTreeMap<ValueId, Plan>,
    /// The last axis of a region, if it has become a loop of the body.
    pub(crate) short: Option<ShortAxis>,
    /// No other thread runs at the same time.
    pub(crate) alone: bool,
}

impl<'a> Source<'a> {
    /// The unit's lane code.
    pub(crate) fn code(&self) -> &'a Code {
        self.unit.code()
    }
}

/// Lowers a unit into `function`, whose signature is already set. Gives what the source locations
/// of the function's instructions mean, by index. Trap sites, whose indices generated code reports,
/// are added to those that another function of the unit has.
pub(crate) fn lower(
    source: &Source<'_>,
    function: &mut Function,
    context: &mut FunctionBuilderContext,
    callee: &mut Callee<'_>,
    sites: &mut Vec<Site>,
    config: cranelift_codegen::isa::TargetFrontendConfig,
) -> Vec<Span> {
    let builder = FunctionBuilder::new(function, context);
    let lower = Lower::new(source, builder, callee, sites);
    lower.run(config)
}

/// Registers of an array: loaded at the entry.
#[derive(Clone, Copy)]
struct ArrayValues {
    base: Value,
    extents: [Value; 2],
}

/// Where `break` and `continue` go.
#[derive(Clone, Copy)]
struct LoopTargets {
    exit: Block,
    next: Block,
}

/// State of a region's reduction inside the function.
#[derive(Clone)]
enum ReduceState {
    Accumulator(Variable),
    Partials,
    /// Of a loop inside the lane: its counter, and where that began.
    Inner {
        counter: Variable,
        origin: Value,
    },
    Best {
        found: Variable,
        best: Variable,
        payload: Vec<Variable>,
    },
}

struct Lower<'a, 'b> {
    source: &'a Source<'a>,
    code: &'a Code,
    builder: FunctionBuilder<'b>,
    callee: &'a mut Callee<'a>,
    sites: &'a mut Vec<Site>,
    spans: Vec<Span>,
    inputs: Value,
    lane: Value,
    cancel: Value,
    /// CLIF value of each instruction that was evaluated.
    values: Vec<Option<Value>>,
    vars: Vec<Variable>,
    arrays: Vec<Option<ArrayValues>>,
    /// Serial sections: host variables that are assigned.
    host: Vec<Option<Variable>>,
    /// Host variables that are named: their values before the unit.
    host_values: Vec<Option<Value>>,
    reduces: Vec<ReduceState>,
    /// Position on each axis of a region, and the number of iterations of each axis.
    positions: Vec<Variable>,
    counts: Vec<Value>,
    /// Flattened iteration, kept only where a reduction needs it.
    flat: Option<Variable>,
    loops: Vec<LoopTargets>,
    /// End of the iteration, or of the section.
    finish: Block,
    /// Leaves with a failure: site, payload, iteration.
    failed: Block,
    cancelled: Block,
    /// What dominates what is being emitted.
    tested: Known,
    readers: lazy::Readers,
    /// Products of which both halves may be used.
    halved: Vec<product::Literals>,
    /// The span whose iterations are being emitted, if one is.
    inside: Option<spans::Inside>,
    /// Contributions to sums, while sixteen iterations are emitted at once.
    packed: Option<sums::Packed>,
    /// Partial results of the loop in lanes that is being emitted.
    registers: Vec<(ReduceId, Vec<Variable>)>,
    /// In lanes: where a failing test goes instead, to be found again by scalar code.
    lanes_bail: Option<Block>,
}

/// The CLIF type of a scalar.
fn clif_type(dtype: DType) -> Type {
    match dtype {
        DType::Bool | DType::U8 => I8,
        DType::I32 | DType::U32 => I32,
        DType::I64 | DType::U64 => I64,
        DType::F32 => F32,
        DType::F64 => F64,
    }
}

/// Flags of table accesses that no code of the unit changes.
fn constant_flags() -> MemFlagsData {
    MemFlagsData::trusted().with_readonly().with_can_move()
}

impl Lower<'_, '_> {
    /// The instruction behind a value.
    fn inst(&self, value: ValueId) -> &Inst {
        &self.code.insts[value.0 as usize]
    }

    fn dtype(&self, value: ValueId) -> DType {
        self.inst(value).dtype
    }

    fn value(&self, value: ValueId) -> Value {
        self.values[value.0 as usize].expect("the validator proves that values are evaluated")
    }

    /// The scalar behind a value, if it is a constant.
    fn constant_of(&self, value: ValueId) -> Option<Scalar> {
        match self.inst(value).kind {
            InstKind::Const(scalar) => Some(scalar),
            _ => None,
        }
    }

    fn constant(&mut self, scalar: Scalar) -> Value {
        match scalar {
            Scalar::F32(value) => self.builder.ins().f32const(value),
            Scalar::F64(value) => self.builder.ins().f64const(value),
            other => self.integer(clif_type(other.dtype()), other.to_bits()),
        }
    }

    /// An integer constant; bits above the type's width must be zero.
    fn integer(&mut self, ty: Type, bits: u64) -> Value {
        self.builder.ins().iconst(ty, bits as i64)
    }

    /// Notes where in the source the next instructions come from.
    fn at(&mut self, span: Span) {
        if self.spans.last() != Some(&span) {
            self.spans.push(span);
        }
        let index = self.spans.len() as u32 - 1;
        self.builder.set_srcloc(SourceLoc::new(index));
    }

    /// Loads a word of a table as a scalar.
    fn load_word(&mut self, dtype: DType, flags: MemFlagsData, table: Value, word: usize) -> Value {
        self.builder.ins().load(clif_type(dtype), flags, table, layout::offset(word))
    }

    fn store_lane(&mut self, value: Value, word: usize) {
        let lane = self.lane;
        self.builder.ins().store(MemFlagsData::trusted(), value, lane, layout::offset(word));
    }

    /// Goes on in a new block; `block` has all its predecessors.
    fn continue_in(&mut self, block: Block) {
        self.builder.switch_to_block(block);
        self.builder.seal_block(block);
    }

    /// The bits of a scalar as 64, the upper ones zero.
    fn bits(&mut self, value: Value) -> Value {
        let ty = self.builder.func.dfg.value_type(value);
        let flags = MemFlagsData::new();
        match ty {
            F64 => self.builder.ins().bitcast(I64, flags, value),
            F32 => {
                let narrow = self.builder.ins().bitcast(I32, flags, value);
                self.builder.ins().uextend(I64, narrow)
            }
            I64 => value,
            _ => self.builder.ins().uextend(I64, value),
        }
    }

    /// Leaves with a failure if `cond` holds; `payload` is the value that the trap names.
    fn trap_if(&mut self, cond: Value, kind: SiteKind, span: Span, payload: Option<Value>) {
        if let Some(bail) = self.lanes_bail {
            let going_on = self.builder.create_block();
            self.builder.ins().brif(cond, bail, &[], going_on, &[]);
            return self.continue_in(going_on);
        }
        let site = self.sites.len() as u64;
        self.sites.push(Site { kind, span });
        let cold = self.builder.create_block();
        let going_on = self.builder.create_block();
        self.builder.set_cold_block(cold);
        self.builder.ins().brif(cond, cold, &[], going_on, &[]);
        self.continue_in(cold);
        let site = self.integer(I64, site);
        let payload = match payload {
            Some(payload) => self.bits(payload),
            None => self.integer(I64, 0),
        };
        let iteration = self.iteration();
        let failed = self.failed;
        self.builder.ins().jump(failed, &[site, payload, iteration].map(BlockArg::from));
        self.continue_in(going_on);
    }

    /// Leaves if the cancel flag is set; stands on back edges.
    ///
    /// The load is atomic so that it is never merged with an earlier one.
    fn cancel_point(&mut self) {
        let flags = MemFlagsData::trusted();
        let cancel = self.cancel;
        let flag = self.builder.ins().atomic_load(I8, flags, cancel);
        let going_on = self.builder.create_block();
        let cancelled = self.cancelled;
        self.builder.ins().brif(flag, cancelled, &[], going_on, &[]);
        self.continue_in(going_on);
    }

    /// The bits of a value that is an integer constant.
    fn literal(&self, value: Value) -> Option<i64> {
        let dfg = &self.builder.func.dfg;
        match dfg.insts[dfg.value_def(value).inst()?] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
            _ => None,
        }
    }

    /// Compares an integer with a constant whose bits above the type's width are zero.
    fn equals(&mut self, value: Value, bits: u64) -> Value {
        let ty = self.builder.func.dfg.value_type(value);
        let constant = self.integer(ty, bits);
        self.builder.ins().icmp(IntCC::Equal, value, constant)
    }
}
