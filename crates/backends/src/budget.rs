//! How many loop back edges one invocation takes, where the code itself says it, and what each
//! dispatch of a kernel's form for a GPU needs.
//!
//! Some adapters end all loops of an invocation after a fixed number of iterations, silently. A
//! unit whose loops all have constant trip counts has a known need; for others the interpreter
//! counts. Dispatches are judged one by one: a long loop in one region takes nothing from another.
//! Iterations that the generated text writes out are none.

use crossover_gpu::Trips;
use crossover_ir::{Block, Code, InstKind, Kernel, Region, Stmt, Unit, ValueId, units};
use crossover_wgsl::written_out;

/// What the loops of one unit need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// Largest number of loop back edges of an iteration of the region, or of the section; `None`
    /// if the code does not say it and nobody counted.
    pub(crate) back_edges: Option<u64>,
    /// Whether all invocations loop alike.
    pub(crate) trips: Trips,
}

/// Of every unit, the largest number of loop back edges of one region iteration or of the serial
/// section, where every trip count is constant.
pub(crate) fn constant_back_edges(kernel: &Kernel) -> Vec<Option<u64>> {
    units(kernel).into_iter().map(unit).collect()
}

/// The needs of the units of a kernel's form for a GPU, from what the units of the kernel itself
/// need. Regions stay what they are, in their order. Sections are made and grow on the way: one
/// whose own code does not say its need gets the largest of the kernel.
pub(crate) fn needs(kernel: &Kernel, for_gpu: &Kernel, counted: Option<&[u64]>) -> Vec<Need> {
    let constant = constant_back_edges(kernel);
    let equal = |back_edges| Need { back_edges: Some(back_edges), trips: Trips::Equal };
    let need = |at: usize| {
        let counted = counted.and_then(|counted| counted.get(at)).copied();
        constant[at].map_or(Need { back_edges: counted, trips: Trips::Varying }, equal)
    };
    let all = (0..constant.len()).map(need);
    let most = all.reduce(larger).unwrap_or(equal(0));
    let own = units(kernel).into_iter().enumerate();
    let mut regions = own.filter(|(_, own)| matches!(own, Unit::Region(_))).map(|(at, _)| need(at));
    let of_gpu = |gpu: Unit<'_>| match (gpu, unit(gpu)) {
        (Unit::Region(_), constant) => {
            let need = regions.next().unwrap_or(most);
            constant.map_or_else(|| without_written_out(need, gpu), equal)
        }
        (Unit::Serial(_), constant) => constant.map_or(most, equal),
    };
    units(for_gpu).into_iter().map(of_gpu).collect()
}

/// A counted need without the iterations that the shader writes out. Each back edge of a loop that
/// stays one comes with at least so many of them as the loop with the fewest has.
fn without_written_out(need: Need, gpu: Unit<'_>) -> Need {
    if need.trips == Trips::Equal {
        return need;
    }
    let blocks = blocks(gpu);
    let least = blocks.iter().filter_map(|(code, block)| least_in_loops(code, block)).min();
    let share = least.unwrap_or(0).saturating_add(1);
    Need { back_edges: need.back_edges.map(|edges| edges.div_ceil(share)), ..need }
}

/// Code and blocks of a unit, in the order in which they run.
fn blocks(unit: Unit<'_>) -> Vec<(&Code, &Block)> {
    match unit {
        Unit::Region(Region { code, axes, .. }) => {
            let prefixes = axes.iter().map(|axis| (code, &axis.prefix));
            prefixes.chain([(code, &code.body)]).collect()
        }
        Unit::Serial(serial) => vec![(&serial.code, &serial.code.body)],
    }
}

/// The fewest written-out iterations in one iteration of any loop that stays one; `None` without
/// such loops.
fn least_in_loops(code: &Code, statements: &Block) -> Option<u64> {
    let of = |statement: &Stmt| {
        let inner = nested(statement).into_iter();
        let own = stays_loop(code, statement).then(|| {
            let leaves = inner.clone().any(leaves_early);
            if leaves { 0 } else { inner.clone().map(|block| written_in(code, block)).sum() }
        });
        let below = inner.filter_map(|block| least_in_loops(code, block));
        own.into_iter().chain(below).min()
    };
    statements.iter().filter_map(of).min()
}

fn stays_loop(code: &Code, statement: &Stmt) -> bool {
    matches!(statement, Stmt::Loop { .. } | Stmt::For { .. }) && !written_out(code, statement)
}

/// The fewest written-out iterations of one run of a block.
fn written_in(code: &Code, statements: &Block) -> u64 {
    let of = |statement: &Stmt| match statement {
        Stmt::For { lo, hi, step, body, .. } if written_out(code, statement) => {
            let (lo, hi) = (constant(code, *lo), constant(code, *hi));
            let count = lo.zip(hi).map_or(0, |(lo, hi)| trips(lo, hi, i128::from(*step)));
            count.saturating_mul(written_in(code, body).saturating_add(1))
        }
        Stmt::If { .. } | Stmt::Switch { .. } => {
            nested(statement).into_iter().map(|block| written_in(code, block)).min().unwrap_or(0)
        }
        _ => 0,
    };
    statements.iter().map(of).fold(0, u64::saturating_add)
}

/// Whether an iteration may end before the end of its body.
fn leaves_early(statements: &Block) -> bool {
    statements.iter().any(|statement| match statement {
        Stmt::Break | Stmt::Continue | Stmt::Return => true,
        other => nested(other).into_iter().any(leaves_early),
    })
}

fn nested(statement: &Stmt) -> Vec<&Block> {
    match statement {
        Stmt::If { then, otherwise, .. } => vec![then, otherwise],
        Stmt::Switch { cases, default, .. } => {
            cases.iter().map(|(_, case)| case).chain([default]).collect()
        }
        Stmt::Loop { header, body, continuing, .. } => vec![header, body, continuing],
        Stmt::For { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

/// What covers both.
fn larger(a: Need, b: Need) -> Need {
    let back_edges = a.back_edges.zip(b.back_edges).map(|(a, b)| a.max(b));
    Need { back_edges, trips: if a.trips == b.trips { a.trips } else { Trips::Varying } }
}

fn unit(unit: Unit<'_>) -> Option<u64> {
    sum(blocks(unit).into_iter().map(|(code, statements)| block(code, statements)))
}

fn sum(mut edges: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    edges.try_fold(0_u64, |sum, edges| Some(sum.saturating_add(edges?)))
}

fn block(code: &Code, statements: &Block) -> Option<u64> {
    sum(statements.iter().map(|statement| edges(code, statement)))
}

fn edges(code: &Code, statement: &Stmt) -> Option<u64> {
    match statement {
        Stmt::If { then, otherwise, .. } => Some(block(code, then)?.max(block(code, otherwise)?)),
        Stmt::Switch { cases, default, .. } => {
            let blocks = cases.iter().map(|(_, case)| case).chain([default]);
            blocks.map(|case| block(code, case)).try_fold(0, |most, edges| Some(edges?.max(most)))
        }
        Stmt::Loop { .. } => None,
        Stmt::For { lo, hi, step, body, .. } => {
            let trips = trips(constant(code, *lo)?, constant(code, *hi)?, i128::from(*step));
            let own = u64::from(!written_out(code, statement));
            Some(trips.saturating_mul(block(code, body)?.saturating_add(own)))
        }
        Stmt::Eval(_)
        | Stmt::Set { .. }
        | Stmt::HostSet { .. }
        | Stmt::Store { .. }
        | Stmt::ScratchZero(_)
        | Stmt::ScratchStore { .. }
        | Stmt::Reduce { .. }
        | Stmt::Break
        | Stmt::Continue
        | Stmt::Return
        | Stmt::Trap { .. } => Some(0),
    }
}

fn constant(code: &Code, value: ValueId) -> Option<i128> {
    match code.insts.get(value.0 as usize)?.kind {
        InstKind::Const(scalar) => scalar.as_integer(),
        InstKind::Get(_)
        | InstKind::HostGet(_)
        | InstKind::Extent { .. }
        | InstKind::Op { .. }
        | InstKind::Load { .. }
        | InstKind::ScratchLoad { .. }
        | InstKind::Atomic(_) => None,
    }
}

fn trips(lo: i128, hi: i128, step: i128) -> u64 {
    let distance = if step > 0 { hi - lo } else { lo - hi };
    let step = step.abs().max(1);
    u64::try_from(((distance + step - 1) / step).max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use crossover_ir::analysis;
    use crossover_lang::{File, Options, Sources};

    use super::*;

    /// A region that adds up between two sections, a region with a long loop, and one
    /// whose loop makes forty rounds. The ten iterations within the long loop are written out.
    const TEXT: &str = "
from crossover import i32, prange

def three(a: i32[:], n: i32):
    s = 0
    for i in prange(a.shape[0]):
        s += a[i]
    t = s * 2
    for i in prange(a.shape[0]):
        for j in range(n):
            for k in range(10):
                a[i] += t
            if j > n - 2:
                for k in range(5):
                    a[i] += k
    for i in prange(a.shape[0]):
        for j in range(40):
            a[i] += j
";

    fn needs_of(counted: Option<&[u64]>) -> Vec<(Option<u64>, Trips)> {
        let main = File { path: "three.py".to_owned(), text: TEXT.to_owned() };
        let sources = Sources { main, modules: Default::default() };
        let module = crossover_lang::compile(&sources, &Options::default()).expect("it is right");
        let kernel = &module.kernels[0];
        let needs = needs(kernel, &analysis::for_gpu(kernel), counted);
        needs.into_iter().map(|need| (need.back_edges, need.trips)).collect()
    }

    #[test]
    fn each_dispatch_has_a_need_of_its_own() {
        let (none, forty) = ((Some(0), Trips::Equal), (Some(40), Trips::Equal));
        let long = |back_edges| (back_edges, Trips::Varying);
        assert_eq!(needs_of(Some(&[0, 11_005, 40])), [none, none, none, long(Some(1001)), forty]);
        assert_eq!(needs_of(None), [none, none, none, long(None), forty]);
    }

    #[test]
    fn trip_counts_are_exact() {
        assert_eq!(trips(0, 10, 1), 10);
        assert_eq!(trips(0, 10, 3), 4);
        assert_eq!(trips(10, 0, -3), 4);
        assert_eq!(trips(10, 0, 1), 0);
        assert_eq!(trips(i128::from(i64::MIN), i128::from(i64::MAX), 1), u64::MAX);
    }
}
