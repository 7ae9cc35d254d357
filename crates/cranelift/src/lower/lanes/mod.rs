//! Iterations side by side: masked form as 128-bit vectors.
//!
//! The innermost axis of a region becomes a loop over *chunks*: as many consecutive iterations as
//! the plan says, several vectors of them in flight. A uniform value is a scalar as in scalar
//! code, an affine one the scalar of its first lane, a varying one a few vectors; a `bool` that
//! varies is a mask as wide as the lanes it mostly meets. Scalar code stands beside it for what
//! is no whole chunk, and for chunks that are given up: where a lane would trap, or where what the
//! analysis took for granted does not hold. So every run-time error is found by scalar code.
//!
//! Cranelift has no vector form of integer division, of shifts by different counts, of gathers and
//! of calls: these are done lane by lane where nothing else computes the same.

mod anchor;
mod atomic;
mod bits;
mod cast;
mod control;
mod divide;
mod frame;
mod loops;
mod mask;
mod memory;
mod nested;
mod ops;
mod patience;
mod plan;
mod reduce;
mod shared;
mod span;

use std::collections::{BTreeSet, HashMap};

use cranelift_codegen::ir::types::{F32X4, F64X2, I32X4, I64X2};
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, StackSlot, Type, Value};
use cranelift_frontend::Variable;
use crossover_ir::lanes::{LaneLoop, Shape};
use crossover_ir::{ArrayId, InstKind, ValueId, VarId};
use crossover_values::{DType, Scalar};

pub(super) use nested::{Inner, key};
pub(crate) use plan::{Plan, can_run, inner_plans, plan};

use super::Lower;
use mask::Mask;

/// A value of the loop.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// The same in all lanes.
    One(Value),
    /// That of the first lane, and the step.
    Steps(Value, i64),
    /// Vectors, the first lanes first.
    Many(Vec<Value>),
}

/// A loop around what is being emitted.
struct Around {
    /// Where a `break` of all lanes goes; `None` if lanes leave one by one.
    exit: Option<Block>,
    next: Block,
    /// Divergent control around its body.
    depth: usize,
    /// Lanes that wait for the next turn.
    waiting: Option<Vec<Variable>>,
}

/// One loop being emitted in lanes.
pub(super) struct Lanes<'l, 'a, 'b> {
    lower: &'l mut Lower<'a, 'b>,
    plan: &'l Plan,
    form: &'l LaneLoop,
    /// Iterations of a chunk.
    count: u32,
    held: Vec<Option<Held>>,
    vars: Vec<Option<Vec<Variable>>>,
    /// Guarded values are not computed anew in each chunk: first value of the span, by value.
    spanned: Vec<Option<Value>>,
    /// Where accesses of the span's first lane are.
    anchors: Vec<anchor::Anchor>,
    /// Arrays that the loop writes.
    written: BTreeSet<ArrayId>,
    /// Iterations since the start of the span.
    since: Option<Value>,
    /// Of a loop emitted in pieces: the index of the chunk's first iteration in 64 bits, and how
    /// many iterations later the piece is.
    counter: Option<(Value, i32)>,
    mask: Mask,
    depth: usize,
    around: Vec<Around>,
    /// Lanes that ended early; kept if any may.
    returned: Option<Vec<Variable>>,
    /// Control went elsewhere: the current block has its end.
    ended: bool,
    /// The mask may have no lane although nothing asked.
    maybe_empty: bool,
    /// The instruction that is being evaluated.
    evaluated: ValueId,
    /// A value that another stands for at the moment.
    kept_aside: Option<Held>,
    /// The scalars that a vector was put together from: whoever takes it apart again gets them.
    apart: HashMap<Value, Vec<Value>>,
    /// Room for what functions take and give in memory.
    rooms: Vec<StackSlot>,
    /// Partial results of reductions.
    partials: Vec<Vec<Variable>>,
    /// Gives the chunk up.
    bail: Block,
    /// The chunk is done.
    done: Block,
}

/// The vector type of the lanes of a scalar type; masks are none of these.
fn vector_type(dtype: DType) -> Type {
    match dtype {
        DType::F32 => F32X4,
        DType::F64 => F64X2,
        DType::I64 | DType::U64 => I64X2,
        DType::Bool | DType::U8 | DType::I32 | DType::U32 => I32X4,
    }
}

/// Bitcasts between vectors say how lanes lie in memory.
fn reinterpretation() -> MemFlagsData {
    MemFlagsData::new().with_endianness(cranelift_codegen::ir::Endianness::Little)
}

impl<'l, 'a, 'b> Lanes<'l, 'a, 'b> {
    fn shape(&self, value: ValueId) -> Shape {
        self.form.shape(value)
    }

    fn dtype(&self, value: ValueId) -> DType {
        self.lower.dtype(value)
    }

    /// Number of vectors of a type.
    fn parts(&self, dtype: DType) -> usize {
        let bytes = match dtype {
            DType::Bool => self.plan.mask_bytes,
            other => other.loaded().size(),
        };
        (self.count as usize * bytes) / 16
    }

    /// The vector type of a value.
    fn lane_type(&self, dtype: DType) -> Type {
        match dtype {
            DType::Bool if self.plan.mask_bytes == 8 => I64X2,
            other => vector_type(other),
        }
    }

    fn held(&self, value: ValueId) -> Held {
        self.held[value.0 as usize].clone().expect("the validator proves that it is evaluated")
    }

    /// Keeps a value; one that scalar code may use is told to scalar lowering, too.
    fn keep(&mut self, value: ValueId, held: Held) {
        if let Held::One(scalar) | Held::Steps(scalar, _) = held {
            self.lower.values[value.0 as usize] = Some(scalar);
        }
        self.held[value.0 as usize] = Some(held);
    }

    /// A value as scalar; it must be uniform or affine, and then is that of the first lane.
    fn first(&self, value: ValueId) -> Value {
        match self.held(value) {
            Held::One(scalar) | Held::Steps(scalar, _) => scalar,
            Held::Many(_) => unreachable!("varying values are not asked for their first lane"),
        }
    }

    /// A value as vectors.
    fn vectors(&mut self, value: ValueId) -> Vec<Value> {
        let dtype = self.dtype(value);
        match self.held(value) {
            Held::Many(parts) => parts,
            Held::One(scalar) => self.spread(dtype, scalar),
            Held::Steps(scalar, step) => self.steps(dtype, scalar, step),
        }
    }

    /// A scalar in all lanes.
    fn spread(&mut self, dtype: DType, scalar: Value) -> Vec<Value> {
        let ty = self.lane_type(dtype);
        let parts = self.parts(dtype);
        let one = if dtype == DType::Bool {
            self.mask_of_bool(scalar)
        } else {
            self.lower.builder.ins().splat(ty, scalar)
        };
        vec![one; parts]
    }

    /// First lane and step as vectors.
    fn steps(&mut self, dtype: DType, scalar: Value, step: i64) -> Vec<Value> {
        let ty = self.lane_type(dtype);
        let base = self.lower.builder.ins().splat(ty, scalar);
        let lanes = ty.lane_count() as usize;
        (0..self.parts(dtype))
            .map(|part| {
                let offsets: Vec<i64> = (0..lanes)
                    .map(|lane| step.wrapping_mul((part * lanes + lane) as i64))
                    .collect();
                let offsets = self.constant_vector(ty, &offsets);
                self.lower.builder.ins().iadd(base, offsets)
            })
            .collect()
    }

    /// A constant vector of integers.
    fn constant_vector(&mut self, ty: Type, lanes: &[i64]) -> Value {
        let bytes: Vec<u8> = lanes
            .iter()
            .flat_map(|lane| {
                let bytes = lane.to_le_bytes();
                bytes[..ty.lane_type().bytes() as usize].to_vec()
            })
            .collect();
        let handle = self.lower.builder.func.dfg.constants.insert(bytes.into());
        self.lower.builder.ins().vconst(ty, handle)
    }

    /// A scalar constant in every lane.
    fn splat_constant(&mut self, scalar: Scalar) -> Value {
        let ty = self.lane_type(scalar.dtype());
        let scalar = self.lower.constant(scalar);
        self.lower.builder.ins().splat(ty, scalar)
    }

    /// The constant behind a value.
    fn constant_of(&self, value: ValueId) -> Option<Scalar> {
        match self.lower.inst(value).kind {
            InstKind::Const(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The vectors of a variable that varies.
    fn var_vectors(&mut self, var: VarId) -> Vec<Variable> {
        if let Some(variables) = &self.vars[var.0 as usize] {
            return variables.clone();
        }
        let dtype = self.lower.code.vars[var.0 as usize].dtype;
        let ty = self.lane_type(dtype);
        let variables: Vec<Variable> =
            (0..self.parts(dtype)).map(|_| self.lower.builder.declare_var(ty)).collect();
        self.vars[var.0 as usize] = Some(variables.clone());
        variables
    }

    /// Gives the chunk up if `cond` holds.
    fn bail_if(&mut self, cond: Value) {
        let going_on = self.lower.builder.create_block();
        let bail = self.bail;
        self.lower.builder.ins().brif(cond, bail, &[], going_on, &[]);
        self.lower.continue_in(going_on);
    }
}
