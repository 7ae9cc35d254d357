//! Reductions in two passes: private accumulators, a tree in workgroup memory, one partial per
//! workgroup; then one workgroup that folds the partials and the value before the loop.
//!
//! Float sums keep the order of the language where one iteration is cheap: a workgroup takes four
//! blocks of 4,096 iterations, sixteen lanes each, and the partials are folded by adjacent pairs.
//! Where an iteration holds a loop of its own, and where no float is reduced, lanes take fewer
//! iterations instead, so that a driver's loop budget lasts.

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::{Code, Kernel, Op, Reduce, ReduceOp, ReduceScope};
use crossover_values::DType;

use super::helper::Helper;
use super::literal::{literal, type_name};
use super::names::Namer;
use super::ops;
use super::plan::Stored;
use super::words;

/// How the iterations of a workgroup spread over its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// 64 lanes; lanes 16·b to 16·b + 15 take block b of 4,096 iterations, each every 16th.
    Language,
    /// 256 lanes; each takes every 256th iteration, this many in all.
    Strided(u32),
}

impl Spread {
    /// Invocations of a workgroup.
    pub(crate) fn lanes(self) -> u32 {
        match self {
            Spread::Language => 64,
            Spread::Strided(_) => 256,
        }
    }

    /// Iterations of one lane.
    pub(crate) fn run(self) -> u32 {
        match self {
            Spread::Language => 256,
            Spread::Strided(run) => run,
        }
    }
}

/// A partial's place: its buffer and its slot there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Which buffer.
    pub stored_as: Stored,
    /// Which slot.
    pub at: u32,
    /// Type of the value.
    pub dtype: DType,
}

/// One reduction of a region.
#[derive(Debug)]
pub(crate) struct Reduction {
    /// Its index in [`Code::reduces`].
    pub index: usize,
    /// The reduction.
    pub reduce: Reduce,
    /// Stem of its variables' names.
    pub name: String,
    /// Slot of the value.
    pub value: Slot,
    /// Slot of the winning iteration, with an argument.
    pub at: Option<Slot>,
    /// Slots of the payload.
    pub payload: Vec<Slot>,
}

impl Reduction {
    /// Type of the accumulator.
    pub(crate) fn ty(&self) -> &'static str {
        type_name(self.reduce.dtype)
    }

    /// Its value before any contribution.
    pub(crate) fn identity(&self, helpers: &mut BTreeSet<Helper>) -> String {
        let value = self.reduce.op.identity(self.reduce.dtype);
        literal(value, helpers)
    }
}

/// The reductions of a region.
#[derive(Debug)]
pub(crate) struct Reductions {
    /// In the order of the code.
    pub list: Vec<Reduction>,
    /// How iterations spread.
    pub spread: Spread,
    slots: BTreeMap<Stored, u32>,
}

impl Reductions {
    /// Names the reductions and gives them slots.
    pub(crate) fn new(kernel: &Kernel, code: &Code, loops: bool, namer: &mut Namer) -> Reductions {
        let ordered = |reduce: &Reduce| reduce.op.is_ordered(reduce.dtype);
        let of_region = |reduce: &&Reduce| reduce.scope == ReduceScope::Region;
        let spread = match (loops, code.reduces.iter().filter(of_region).any(ordered)) {
            (true, _) => Spread::Strided(1),
            (false, true) => Spread::Language,
            (false, false) => Spread::Strided(16),
        };
        let mut all = Reductions { list: Vec::new(), spread, slots: BTreeMap::new() };
        for (index, reduce) in code.reduces.iter().enumerate() {
            if reduce.scope != ReduceScope::Region {
                continue;
            }
            let name = namer.name(&kernel.vars[reduce.target.0 as usize].name);
            let value = all.slot(reduce.dtype);
            let has_argument = matches!(reduce.op, ReduceOp::ArgMin | ReduceOp::ArgMax);
            let at = has_argument.then(|| all.slot(DType::U32));
            let payload = reduce
                .payload
                .iter()
                .map(|var| all.slot(kernel.vars[var.0 as usize].dtype))
                .collect();
            all.list.push(Reduction { index, reduce: reduce.clone(), name, value, at, payload });
        }
        all
    }

    /// Slots in the buffer of a class.
    pub(crate) fn slots(&self, stored_as: Stored) -> u32 {
        self.slots.get(&stored_as).copied().unwrap_or(0)
    }

    /// Statements that contribute a value of the current iteration.
    pub(crate) fn contribute(
        &self,
        index: usize,
        value: &str,
        payload: &[String],
        helpers: &mut BTreeSet<Helper>,
    ) -> Vec<String> {
        let Some(reduction) = self.list.iter().find(|r| r.index == index) else {
            return Vec::new();
        };
        let mut names = vec![format!("acc_{}", reduction.name)];
        let mut payload = payload.to_vec();
        if reduction.at.is_some() {
            names.push(format!("acc_{}_at", reduction.name));
            payload.insert(0, "at".to_owned());
        }
        for position in 0..reduction.payload.len() {
            names.push(format!("acc_{}_{position}", reduction.name));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        join_in_order(&reduction.reduce, &names, value, &payload, helpers)
    }

    fn slot(&mut self, dtype: DType) -> Slot {
        let stored_as = Stored::scalar(dtype);
        let count = self.slots.entry(stored_as).or_default();
        let at = *count;
        *count += 1;
        Slot { stored_as, at, dtype }
    }
}

/// Statements by which `value` joins the variable `names[0]`; a winner takes its payload along.
pub(crate) fn join_in_order(
    reduce: &Reduce,
    names: &[&str],
    value: &str,
    payload: &[String],
    helpers: &mut BTreeSet<Helper>,
) -> Vec<String> {
    let target = names.first().copied().unwrap_or_default();
    let better = match reduce.op {
        ReduceOp::ArgMin => Op::Lt,
        ReduceOp::ArgMax => Op::Gt,
        ReduceOp::Add
        | ReduceOp::Or
        | ReduceOp::Xor
        | ReduceOp::And
        | ReduceOp::Min
        | ReduceOp::Max => {
            return vec![format!("{target} = {};", combine(reduce, target, value, helpers))];
        }
    };
    let test = words::condition(better, reduce.dtype, value, target, helpers);
    let mut lines = vec![format!("if {test} {{"), format!("    {target} = {value};")];
    for (name, value) in names.iter().skip(1).zip(payload) {
        lines.push(format!("    {name} = {value};"));
    }
    lines.push("}".to_owned());
    lines
}

/// `a` joined with the later `b`.
pub(crate) fn combine(reduce: &Reduce, a: &str, b: &str, helpers: &mut BTreeSet<Helper>) -> String {
    let bool = reduce.dtype == DType::Bool;
    match reduce.op {
        ReduceOp::Add => words::sum(reduce.dtype, a, b, helpers),
        ReduceOp::Or => format!("({a} | {b})"),
        ReduceOp::And => format!("({a} & {b})"),
        ReduceOp::Xor if bool => format!("({a} != {b})"),
        ReduceOp::Xor => format!("({a} ^ {b})"),
        ReduceOp::Min | ReduceOp::ArgMin => ops::extreme(Op::Min, reduce.dtype, a, b, helpers),
        ReduceOp::Max | ReduceOp::ArgMax => ops::extreme(Op::Max, reduce.dtype, a, b, helpers),
    }
}
