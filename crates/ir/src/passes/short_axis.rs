//! A last axis of a few iterations becomes a loop of the body.
//!
//! Lanes of an axis of three iterations, say over the colours of a pixel, would find no work. With
//! that axis as a loop of the body, the one before it is the innermost, and can have the lanes.
//!
//! Source: loop interchange for vectors, J. Allen and K. Kennedy, "Automatic Translation of FORTRAN
//! Programs to Vector Form", ACM TOPLAS 9 (1987): here the loop that is to run in vectors goes
//! inwards over a loop that stays sequential, which is always right where both are parallel.

use crossover_values::Scalar;

use crate::{
    Block, Code, HostNode, Inst, InstKind, Module, ReduceScope, Region, Stmt, Valid, ValueId, VarId,
};

/// Iterations of the last axis at most.
const MOST: i128 = 16;

/// A last axis that has become a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortAxis {
    /// Its variable.
    pub index: VarId,
    /// The first value.
    pub lo: i64,
    /// The step.
    pub step: i64,
    /// Number of its iterations.
    pub count: u64,
}

/// Rewrites the regions of a kernel that `wants` says so of: it sees a region as it is, as it would
/// be, and the axis. Gives the axes by the place of their region in [`crate::units`].
pub fn fold_short_axes(
    module: &Valid<Module>,
    kernel: usize,
    mut wants: impl FnMut(&Region, &Region, ShortAxis) -> bool,
) -> (Valid<Module>, Vec<Option<ShortAxis>>) {
    let mut module = (**module).clone();
    let insts = module.kernels[kernel].insts.clone();
    let mut found = Vec::new();
    let mut region_of = |region: &mut Region| {
        let (folded, axis) = folded(&insts, region)?;
        wants(region, &folded, axis).then(|| {
            *region = folded;
            axis
        })
    };
    let mut unit = |node: &mut HostNode| match node {
        HostNode::Region(region) => found.push(region_of(region)),
        HostNode::Serial(_) => found.push(None),
        _ => {}
    };
    module.kernels[kernel].host.iter_mut().for_each(|node| node.walk_mut(&mut unit));
    // Made of a valid region's own statements around one loop with constant bounds.
    (Valid::trust(module), found)
}

fn folded(insts: &[Inst], region: &Region) -> Option<(Region, ShortAxis)> {
    let [_, .., last] = region.axes.as_slice() else { return None };
    let bound = |value: ValueId| match insts[value.0 as usize].kind {
        InstKind::Const(scalar) => scalar.as_integer(),
        _ => None,
    };
    let (lo, hi) = (bound(last.lo)?, bound(last.hi)?);
    let step = i128::from(last.step);
    let distance = if step > 0 { hi - lo } else { lo - hi };
    let size = step.abs();
    let count = (distance + size - 1) / size;
    // Float sums are in the order of all axes' iterations.
    let ordered =
        region.code.reduces.iter().any(|reduce| {
            reduce.scope == ReduceScope::Region && reduce.op.is_ordered(reduce.dtype)
        });
    if ordered || !(1..=MOST).contains(&count) || returns(&region.code.body) {
        return None;
    }
    let axis = ShortAxis {
        index: last.index,
        lo: i64::try_from(lo).ok()?,
        step: last.step,
        count: u64::try_from(count).ok()?,
    };
    let mut region = region.clone();
    region.axes.pop();
    let mut body = region.axes.last_mut().map(|axis| std::mem::take(&mut axis.prefix))?;
    let dtype = region.code.vars[axis.index.0 as usize].dtype;
    let bounds = [lo, hi].map(|bound| constant(&mut region.code, &mut body, bound, dtype));
    let inner = std::mem::take(&mut region.code.body);
    body.push(Stmt::For {
        var: axis.index,
        lo: bounds[0],
        hi: bounds[1],
        step: axis.step,
        body: inner,
        parallel: Some(Vec::new()),
        span: region.span,
    });
    region.code.body = body;
    Some((region, axis))
}

/// Whether an iteration may end early.
fn returns(body: &Block) -> bool {
    let mut found = false;
    let mut look = |stmt: &Stmt| found |= matches!(stmt, Stmt::Return);
    body.iter().for_each(|stmt| stmt.walk(&mut look));
    found
}

fn constant(
    code: &mut Code,
    body: &mut Block,
    value: i128,
    dtype: crossover_values::DType,
) -> ValueId {
    let scalar = Scalar::from_bits(dtype, value as u64);
    let id = ValueId(code.insts.len() as u32);
    code.insts.push(Inst { kind: InstKind::Const(scalar), dtype, span: crate::Span::default() });
    body.push(Stmt::Eval(id));
    id
}
