//! Whether a region runs in lanes, and in how many.
//!
//! The cost of one iteration is counted twice, in instructions of about one cycle: as scalar code
//! and as a lane of a chunk. What has no vector form costs a lane more than scalar code, for its
//! operands are taken out of vectors and its result put back. How many vectors are in flight
//! follows from how many live from one turn of a loop to the next: about eight in all, for sixteen
//! registers hold them and as many temporaries.
//!
//! The form of the model, a sum of costs per instruction for scalar and vector code, is that of
//! LLVM's loop vectoriser; its numbers are not. They were set by hand, so that no kernel is taken
//! that loses and none refused that gains: ratios of `crossover run --size book --backend cranelift
//! --variant 1t,lanes`, beside the reasons that `crossover explain KERNEL --view lanes` gives.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::lanes::{Access, Flow, LaneLoop, LaneStmt, Shape, analyse, analyse_loop};
use crossover_ir::{AtomicOp, Code, InstKind, Op, Region, Stmt, ValueId};
use crossover_values::DType;

use crate::callouts;
use crate::layout::PARTIALS;

/// Vectors that live across turns of a loop, at most.
const LIVE_VECTORS: usize = 8;
/// Vectors of a loop that hands on one value, and the values that its body may have: such a sum
/// waits for memory, the more the shorter the runs are that it reads of each row.
const SUM_VECTORS: usize = 8;
const SHORT_SUM: usize = 12;
/// Taken for the number of turns of an inner loop.
const TURNS: f64 = 16.0;
/// Lanes that wait for others in divergent loops cost this much; and where lanes access memory one
/// by one, for each access then asks whether its lane is active. The last loop of kmv, which such
/// lanes made 4 % of the kernel faster, had taken 15 % of its compilation.
const WAITING: f64 = 1.25;
const WAITING_APART: f64 = 1.6;
/// A scattered load of a search costs a lane this much more: a loop that goes on by what it has
/// just loaded waits for memory, and scalar code overlaps the searches of several iterations, each
/// as long as it is, where lanes load until the longest ends.
const SEARCH: f64 = 8.0;
/// A lane must cost less than this part of a scalar iteration.
const WORTH: f64 = 0.85;
/// Values of a body above which there are two vectors of each, and one, so that compiling it stays
/// short. With four instead of two the loops of bloom, of 111 and 125 values, took 13 % less time to
/// run and were 2,150 instructions of CLIF instead of 1,470; with one, 36 % more time. With one
/// instead of two that of anomaly in f32, of 227 values, takes 7 % more time to run and 8 % less to
/// compile, which then is 4 ms.
const LONG_BODIES: [usize; 2] = [100, 200];

/// Instructions of a chunk, by the estimate, from which on its scalar code is no part of the same
/// function but another, which a second core compiles meanwhile; and register allocation takes
/// longer per instruction the longer a function is. Shorter ones gain less than the calls cost
/// that wait for few iterations, as at the ends of rows.
const LONG_CODE: f64 = 150.0;

/// Statements of a straight body whose chunks are emitted in pieces.
const SMALL_BODY: usize = 32;

/// A region in lanes.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Its masked form.
    pub(crate) form: LaneLoop,
    /// Iterations of a chunk.
    pub(crate) count: u32,
    /// Iterations that are emitted at once: all of the chunk, or one vector of each value.
    pub(crate) piece: u32,
    /// Bytes of a lane of masks.
    pub(crate) mask_bytes: usize,
    /// Whether its code is long: scalar code is another function then.
    pub(crate) long: bool,
}

/// A plan for a region, or why it has none; `always` takes it at any price.
pub(crate) fn plan(region: &Region, always: bool) -> Result<Plan, String> {
    let in_blocks = region.code.reduces.iter().any(|reduce| reduce.op.is_ordered(reduce.dtype));
    let form = analyse(region).map_err(|refusal| refusal.to_string())?;
    planned(&region.code, form, in_blocks, always)
}

/// Plans for the counted loops of a region that stays scalar, by [`super::key`]; of loops in each
/// other the innermost. `always` takes them at any price.
pub(crate) fn inner_plans(code: &Code, always: bool) -> BTreeMap<ValueId, Plan> {
    let mut plans = BTreeMap::new();
    inner_of(code, &code.body, always, &mut plans);
    plans
}

/// Whether any loop of the block has a plan.
fn inner_of(
    code: &Code,
    block: &[Stmt],
    always: bool,
    plans: &mut BTreeMap<ValueId, Plan>,
) -> bool {
    let mut any = false;
    for stmt in block {
        let mut inside = false;
        for block in stmt.blocks() {
            inside |= inner_of(code, block, always, plans);
        }
        if let (false, Stmt::For { body, .. }) = (inside, stmt)
            && let (Some(key), Ok(plan)) = (super::key(body), plan_loop(code, stmt, always))
        {
            plans.insert(key, plan);
            inside = true;
        }
        any |= inside;
    }
    any
}

/// Whether a counted loop in scalar code has a plan, at any price.
pub(crate) fn can_run(code: &Code, stmt: &Stmt) -> bool {
    plan_loop(code, stmt, true).is_ok()
}

/// A plan for a counted loop in scalar code, or why it has none.
fn plan_loop(code: &Code, stmt: &Stmt, always: bool) -> Result<Plan, String> {
    let Stmt::For { var, lo, hi, step, parallel, .. } = stmt else {
        return Err("no counted loop".to_owned());
    };
    if *step != 1 || !matches!(code.vars[var.0 as usize].dtype, DType::I32 | DType::U32) {
        return Err("steps that are not 1, or a counter of 64 bits".to_owned());
    }
    let form = analyse_loop(code, stmt).map_err(|refusal| refusal.to_string())?;
    let ordered = parallel.iter().flatten().any(|id| {
        let reduce = &code.reduces[id.0 as usize];
        reduce.op.is_ordered(reduce.dtype)
    });
    let mut plan = planned(code, form, ordered, always)?;
    if is_small(&plan.form.body) {
        let mut survey = Survey::new(&plan.form, code);
        survey.block(&plan.form.body, 1.0);
        // A function takes more lanes than a piece has.
        if !survey.calls {
            plan.piece = if survey.wide && !survey.narrow { 2 } else { 4 };
            plan.count = plan.count.max(4 * plan.piece);
        }
    }
    let bound = |value: &ValueId| match code.insts[value.0 as usize].kind {
        InstKind::Const(scalar) => scalar.as_integer(),
        _ => None,
    };
    match (bound(lo), bound(hi)) {
        (Some(lo), Some(hi)) if hi - lo < i128::from(plan.count) => {
            Err(format!("{} iterations are fewer than {} lanes", (hi - lo).max(0), plan.count))
        }
        _ => Ok(plan),
    }
}

fn planned(code: &Code, form: LaneLoop, in_blocks: bool, always: bool) -> Result<Plan, String> {
    let mut survey = Survey::new(&form, code);
    survey.block(&form.body, 1.0);
    let widest = if survey.wide { 8 } else { 4 };
    let mut lanes = 16 / widest * survey.vectors_in_flight();
    if survey.narrow {
        lanes = lanes.max(4);
    }
    if in_blocks {
        lanes = lanes.max(PARTIALS);
    }
    if survey.calls {
        lanes = lanes.max(callouts::TOGETHER);
    }
    let mask_bytes = if survey.narrow || !survey.wide { 4 } else { 8 };
    let (scalar, lane) = (survey.scalar, survey.lane);
    if !always && lane > scalar * WORTH {
        return Err(format!("a lane costs {lane:.0}, a scalar iteration {scalar:.0}"));
    }
    let count = lanes as u32;
    let long = survey.length * f64::from(count) >= LONG_CODE;
    Ok(Plan { form, count, piece: count, mask_bytes, long })
}

/// Whether a body is straight, and so short that its chunks can be emitted in pieces.
fn is_small(body: &[LaneStmt]) -> bool {
    let straight = |stmt: &LaneStmt| {
        matches!(
            stmt,
            LaneStmt::Eval { .. }
                | LaneStmt::Set { .. }
                | LaneStmt::Store { .. }
                | LaneStmt::ScratchStore { .. }
                | LaneStmt::Reduce { .. }
        )
    };
    body.len() <= SMALL_BODY && body.iter().all(straight)
}

struct Survey<'l> {
    form: &'l LaneLoop,
    code: &'l Code,
    scalar: f64,
    lane: f64,
    /// 64-bit and 32-bit values vary.
    wide: bool,
    narrow: bool,
    values: usize,
    /// Instructions of a lane that are emitted.
    length: f64,
    /// Vectors that the turns of one loop hand on, at most.
    carried: usize,
    divergent_loops: bool,
    /// Lanes access memory one by one.
    scattered: bool,
    /// Pinned functions are called.
    calls: bool,
}

impl<'l> Survey<'l> {
    fn new(form: &'l LaneLoop, code: &'l Code) -> Survey<'l> {
        Survey {
            form,
            code,
            scalar: 0.0,
            lane: 0.0,
            wide: false,
            narrow: false,
            values: 0,
            length: 0.0,
            carried: 0,
            divergent_loops: false,
            scattered: false,
            calls: false,
        }
    }

    fn vectors_in_flight(&self) -> usize {
        let most = match self.values {
            values if values > LONG_BODIES[1] => 1,
            values if values > LONG_BODIES[0] => 2,
            _ => 4,
        };
        if self.carried == 1 && !self.divergent_loops && self.values <= SHORT_SUM {
            return SUM_VECTORS;
        }
        let carried = self.carried.max(2);
        (LIVE_VECTORS / carried).clamp(1, most)
    }

    fn dtype(&self, value: ValueId) -> DType {
        self.code.insts[value.0 as usize].dtype
    }

    fn sees(&mut self, dtype: DType) {
        match dtype {
            DType::Bool => {}
            other if other.loaded().size() == 8 => self.wide = true,
            _ => self.narrow = true,
        }
    }

    /// Lanes of one vector, for costs.
    fn per_vector(dtype: DType) -> f64 {
        match dtype {
            DType::F64 | DType::I64 | DType::U64 => 2.0,
            _ => 4.0,
        }
    }

    fn block(&mut self, block: &[LaneStmt], weight: f64) {
        block.iter().for_each(|stmt| self.stmt(stmt, weight));
    }

    fn add(&mut self, weight: f64, scalar: f64, lane: f64) {
        self.length += lane;
        self.scalar += weight * scalar;
        self.lane += weight * lane;
    }

    fn one_by_one(&mut self, weight: f64, scalar: f64, lane: f64) {
        self.scattered = true;
        self.add(weight, scalar, lane);
    }

    fn stmt(&mut self, stmt: &LaneStmt, weight: f64) {
        match stmt {
            LaneStmt::Eval { value, access } => self.eval(*value, *access, weight),
            LaneStmt::Set { var, value, blend } => {
                if self.form.var_shape(*var) == Shape::Varying {
                    let dtype = self.dtype(*value);
                    self.sees(dtype);
                    let cost = if *blend { 1.0 / Self::per_vector(dtype) } else { 0.0 };
                    self.add(weight, 0.0, cost);
                }
            }
            LaneStmt::Store { array: _, value, access, .. } => {
                let dtype = self.dtype(*value);
                match access {
                    Access::Contiguous => self.add(weight, 1.5, 1.0 / Self::per_vector(dtype)),
                    Access::Uniform | Access::Scattered => self.one_by_one(weight, 1.5, 4.0),
                }
            }
            LaneStmt::ScratchStore { access, .. } => {
                let lane = if *access == Access::Contiguous { 1.0 } else { 4.0 };
                self.add(weight, 1.5, lane);
            }
            LaneStmt::If { then, otherwise, flow, .. } => {
                self.add(weight, 1.0, if *flow == Flow::Divergent { 1.0 } else { 0.2 });
                // Scalar code runs one arm, lanes that part run both.
                let scalar = self.scalar;
                self.block(then, weight);
                self.block(otherwise, weight);
                if *flow == Flow::Divergent && !otherwise.is_empty() {
                    self.scalar = scalar + (self.scalar - scalar) * 0.5;
                }
            }
            LaneStmt::Switch { cases, default, .. } => {
                self.add(weight, 2.0, 2.0);
                cases.iter().for_each(|(_, case)| self.block(case, weight));
                self.block(default, weight);
            }
            LaneStmt::Loop { header, cond, body, continuing, flow, .. } => {
                let apart = cond.is_some_and(|it| self.form.shape(it) == Shape::Varying);
                if apart {
                    let loads = scattered_loads(body, self.code);
                    self.add(weight * TURNS, 0.0, SEARCH * loads as f64);
                }
                self.repeated(&[header, body, continuing], *flow, weight);
            }
            LaneStmt::For { body, flow, .. } => {
                self.add(weight * TURNS, 2.0, 0.5);
                self.repeated(&[body], *flow, weight);
            }
            LaneStmt::Reduce { reduce, .. } => {
                let dtype = self.code.reduces[reduce.0 as usize].dtype;
                self.sees(dtype);
                self.add(weight, 2.0, 1.5 / Self::per_vector(dtype));
            }
            LaneStmt::ScratchZero(scratch) => {
                let len = f64::from(self.code.scratch[scratch.0 as usize].len);
                self.add(weight, len / 8.0, len / 4.0);
            }
            LaneStmt::Break | LaneStmt::Continue | LaneStmt::Return | LaneStmt::Trap { .. } => {
                self.add(weight, 1.0, 0.5);
            }
        }
    }

    fn repeated(&mut self, blocks: &[&Vec<LaneStmt>], flow: Flow, weight: f64) {
        let before = self.lane;
        let scattered = std::mem::take(&mut self.scattered);
        self.carried = self.carried.max(self.handed_on(blocks));
        for block in blocks {
            self.block(block, weight * TURNS);
        }
        if flow == Flow::Divergent {
            self.divergent_loops = true;
            let waiting = if self.scattered { WAITING_APART } else { WAITING };
            self.lane = before + (self.lane - before) * waiting;
        }
        self.scattered |= scattered;
    }

    /// How many varying variables a turn reads before it sets them, and sets: in the order of the
    /// text, whatever the branches.
    fn handed_on(&self, blocks: &[&Vec<LaneStmt>]) -> usize {
        let mut read = BTreeSet::new();
        let mut set = BTreeSet::new();
        let mut carried = BTreeSet::new();
        let mut visit = |stmt: &LaneStmt| match stmt {
            LaneStmt::Eval { value, .. } => {
                if let InstKind::Get(var) = self.code.insts[value.0 as usize].kind
                    && !set.contains(&var)
                {
                    read.insert(var);
                }
            }
            LaneStmt::Set { var, .. } if self.form.var_shape(*var) == Shape::Varying => {
                set.insert(*var);
                if read.contains(var) {
                    carried.insert(*var);
                }
            }
            _ => {}
        };
        blocks.iter().for_each(|block| walk(block, &mut visit));
        carried.len()
    }

    fn eval(&mut self, value: ValueId, access: Access, weight: f64) {
        let inst = &self.code.insts[value.0 as usize];
        let varies = self.form.shape(value) == Shape::Varying;
        if varies {
            self.values += 1;
            self.sees(inst.dtype);
        }
        let vector = 1.0 / Self::per_vector(inst.dtype);
        match &inst.kind {
            InstKind::Const(_) | InstKind::Get(_) | InstKind::HostGet(_) => {}
            InstKind::Extent { .. } => {}
            InstKind::Load { .. } => match access {
                Access::Uniform => self.add(weight, 1.5, 0.2),
                Access::Contiguous => self.add(weight, 1.5, vector),
                Access::Scattered => self.one_by_one(weight, 1.5, 3.5),
            },
            InstKind::ScratchLoad { .. } => {
                let lane = if access == Access::Contiguous { 1.0 } else { 4.0 };
                self.add(weight, 1.5, lane);
            }
            InstKind::Atomic(atomic) if atomic.op == AtomicOp::Load => self.add(weight, 1.5, 5.0),
            InstKind::Atomic(_) => self.add(weight, 6.0, 8.0),
            InstKind::Op { op, args } => {
                self.calls |= varies && callouts::symbols(*op, inst.dtype).is_some();
                let (scalar, lane) = self.op(*op, args, inst.dtype);
                self.add(weight, scalar, if varies { lane } else { 0.1 * scalar });
            }
        }
    }

    /// Cost of an op, scalar and as a lane.
    fn op(&self, op: Op, args: &[ValueId], dtype: DType) -> (f64, f64) {
        let from = self.dtype(args[0]);
        let vector = 1.0 / Self::per_vector(from).min(Self::per_vector(dtype));
        let literal = args.get(1).and_then(|by| match self.code.insts[by.0 as usize].kind {
            InstKind::Const(scalar) => scalar.as_integer(),
            _ => None,
        });
        match op {
            Op::Div | Op::Sqrt => (4.0, 4.0 * vector * if from == DType::F64 { 1.2 } else { 1.0 }),
            Op::DivFloor | Op::RemFloor | Op::DivTrunc | Op::RemTrunc => match literal {
                Some(by) if by > 0 && (by as u128).is_power_of_two() => (1.5, 1.5 * vector),
                Some(by) if by > 0 && dtype.size() == 4 => (3.5, 3.0),
                Some(_) => (4.0, 8.0),
                None => (12.0, 16.0),
            },
            Op::MulHigh if dtype == DType::U32 => (1.5, 1.25),
            Op::MulHigh => (2.0, 5.0),
            Op::PopCount | Op::CountLeadingZeros | Op::CountTrailingZeros => (1.0, 3.0),
            Op::Mul if dtype.size() == 8 && dtype.is_int() => (1.0, 2.0),
            Op::Shl | Op::Shr if self.form.shape(args[1]) != Shape::Uniform => (1.5, 4.5),
            Op::Exp
            | Op::Exp2
            | Op::Log
            | Op::Log2
            | Op::Pow
            | Op::Sin
            | Op::Cos
            | Op::Tan
            | Op::Asin
            | Op::Acos
            | Op::Atan
            | Op::Atan2
            | Op::Sinh
            | Op::Cosh
            | Op::Tanh
            | Op::Erf => (30.0, 24.0),
            Op::CastTrap | Op::CastSat if from == DType::F32 && dtype == DType::I32 => (4.0, 1.5),
            Op::CastTrap | Op::CastSat => (4.0, 7.0),
            Op::CastNearest if from.size() == 8 && from.is_int() && from != DType::U64 => {
                (1.5, 4.0)
            }
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => (1.0, 1.4 * vector),
            Op::Select => (1.5, 1.2 * vector),
            _ => (1.0, vector),
        }
    }
}

/// Loads from elements that are no neighbours.
fn scattered_loads(block: &[LaneStmt], code: &Code) -> usize {
    let mut loads = 0;
    walk(block, &mut |stmt| {
        if let LaneStmt::Eval { value, access: Access::Scattered } = stmt
            && matches!(code.insts[value.0 as usize].kind, InstKind::Load { .. })
        {
            loads += 1;
        }
    });
    loads
}

/// Visits all statements of a block in the order of the text.
fn walk(block: &[LaneStmt], visit: &mut impl FnMut(&LaneStmt)) {
    for stmt in block {
        visit(stmt);
        match stmt {
            LaneStmt::If { then, otherwise, .. } => {
                walk(then, visit);
                walk(otherwise, visit);
            }
            LaneStmt::Switch { cases, default, .. } => {
                cases.iter().for_each(|(_, case)| walk(case, visit));
                walk(default, visit);
            }
            LaneStmt::Loop { header, body, continuing, .. } => {
                [header, body, continuing].into_iter().for_each(|block| walk(block, visit));
            }
            LaneStmt::For { body, .. } => walk(body, visit),
            _ => {}
        }
    }
}
