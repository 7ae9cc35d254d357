//! The walk over a kernel's host nodes.

use crossover_values::{DType, Scalar};

use super::{Apart, Argument, AxisRange, Bound, Device, HostState, Output, UnitId};
use crate::{
    ArrayId, HostNode, InstKind, Kernel, KernelParam, Module, Region, Returned, Serial, Span, Trap,
    TrapKind, Valid, ValueId, eval,
};

/// Runs a kernel's host level on a device. `apart` is that of the kernel as it was written.
///
/// # Errors
/// A [`Trap`] of host code (aliased arrays, a bad extent, a division by zero, …) or whatever the
/// device returns.
///
/// # Panics
/// If there is no kernel of that number, or `arguments` do not meet its parameters in number,
/// kind, type and rank: callers check arguments against [`crate::signature()`] first.
pub fn run_host<D: Device>(
    module: &Valid<Module>,
    kernel: usize,
    apart: &Apart,
    device: &mut D,
    arguments: &[Argument<D::Buffer>],
) -> Result<Output<D::Buffer>, D::Error> {
    let kernel = &module.kernels[kernel];
    let mut units = 0;
    let plan = plan(&kernel.host, apart, &mut units);
    let mut run = Run {
        kernel,
        device,
        state: start(kernel, arguments),
        values: vec![None; kernel.insts.len()],
    };
    match run.block(&plan)? {
        Flow::Return(returned) => Ok(Output { params: run.final_params(), returned }),
        Flow::Next | Flow::Break | Flow::Continue => {
            unreachable!("the validator proves that every path of a kernel returns")
        }
    }
}

/// A host node with what is worked out once: its units' numbers, and which names may not mean one
/// array in its region.
struct Planned<'k> {
    node: Node<'k>,
    inner: Vec<Vec<Planned<'k>>>,
}

enum Node<'k> {
    Region(UnitId, &'k Region, &'k [(ArrayId, ArrayId)]),
    Serial(UnitId, &'k Serial),
    Other(&'k HostNode),
}

/// Numbers units in the pre-order of [`super::units`].
fn plan<'k>(nodes: &'k [HostNode], apart: &'k Apart, units: &mut usize) -> Vec<Planned<'k>> {
    let mut planned = Vec::with_capacity(nodes.len());
    for node in nodes {
        let unit = UnitId(*units);
        let numbered = match node {
            HostNode::Region(region) => Node::Region(unit, region, apart.unit(unit)),
            HostNode::Serial(serial) => Node::Serial(unit, serial),
            other => Node::Other(other),
        };
        *units += usize::from(!matches!(numbered, Node::Other(_)));
        let inner = node.blocks().into_iter().map(|block| plan(block, apart, units)).collect();
        planned.push(Planned { node: numbered, inner });
    }
    planned
}

/// State before the first node: parameters are set and bound, nothing else is.
fn start<B: Clone>(kernel: &Kernel, arguments: &[Argument<B>]) -> HostState<B> {
    assert_eq!(arguments.len(), kernel.params.len(), "arguments of kernel `{}`", kernel.name);
    let mut state =
        HostState { vars: vec![None; kernel.vars.len()], arrays: vec![None; kernel.arrays.len()] };
    for (param, argument) in kernel.params.iter().zip(arguments) {
        match (param, argument) {
            (KernelParam::Scalar(var), Argument::Scalar(value)) => {
                let var = var.0 as usize;
                assert_eq!(value.dtype(), kernel.vars[var].dtype, "`{}`", kernel.vars[var].name);
                state.vars[var] = Some(*value);
            }
            (KernelParam::Array(array), Argument::Array(bound)) => {
                let name = &kernel.arrays[array.0 as usize];
                let given = (bound.dtype, bound.shape.len());
                assert_eq!(given, (name.dtype, name.rank as usize), "`{}`", name.name);
                state.arrays[array.0 as usize] = Some(bound.clone());
            }
            (KernelParam::Scalar(_), Argument::Array(_))
            | (KernelParam::Array(_), Argument::Scalar(_)) => {
                panic!("arguments of kernel `{}`: a scalar and an array are mixed up", kernel.name)
            }
        }
    }
    state
}

/// How a node ended.
enum Flow<B> {
    Next,
    Break,
    Continue,
    Return(Vec<Argument<B>>),
}

struct Run<'r, 'k, D: Device> {
    kernel: &'k Kernel,
    device: &'r mut D,
    state: HostState<D::Buffer>,
    /// Latest value of each host instruction.
    values: Vec<Option<Scalar>>,
}

impl<'k, D: Device> Run<'_, 'k, D> {
    fn block(&mut self, nodes: &[Planned<'k>]) -> Result<Flow<D::Buffer>, D::Error> {
        for planned in nodes {
            let flow = match &planned.node {
                Node::Region(unit, region, apart) => {
                    self.device.step(region.span)?;
                    self.region(*unit, region, apart)?;
                    Flow::Next
                }
                Node::Serial(unit, serial) => {
                    self.device.step(serial.span)?;
                    self.device.serial(*unit, serial, &mut self.state)?;
                    Flow::Next
                }
                Node::Other(node) => {
                    self.device.step(self.span(node))?;
                    self.node(node, &planned.inner)?
                }
            };
            if !matches!(flow, Flow::Next) {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(
        &mut self,
        node: &'k HostNode,
        inner: &[Vec<Planned<'k>>],
    ) -> Result<Flow<D::Buffer>, D::Error> {
        match node {
            HostNode::Eval(value) => self.evaluate(*value)?,
            HostNode::Set { var, value } => {
                self.state.vars[var.0 as usize] = Some(self.value(*value));
            }
            HostNode::If { cond, .. } => {
                let side = if self.truth(*cond) { 0 } else { 1 };
                return self.block(&inner[side]);
            }
            HostNode::Loop { cond, span, .. } => {
                return self.repeat(&inner[0], *cond, &inner[1], *span);
            }
            HostNode::For { .. } => return self.count(node, &inner[0]),
            HostNode::Break => return Ok(Flow::Break),
            HostNode::Continue => return Ok(Flow::Continue),
            HostNode::Bind { pairs, .. } => self.bind(pairs),
            HostNode::Zeros { array, extents, span } => self.zeros(*array, extents, *span)?,
            HostNode::Return { values, .. } => return Ok(Flow::Return(self.returned(values))),
            HostNode::Region(_) | HostNode::Serial(_) => {
                unreachable!("the plan gives units their own nodes")
            }
        }
        Ok(Flow::Next)
    }

    /// A `while` loop.
    fn repeat(
        &mut self,
        header: &[Planned<'k>],
        cond: Option<ValueId>,
        body: &[Planned<'k>],
        span: Span,
    ) -> Result<Flow<D::Buffer>, D::Error> {
        loop {
            self.device.step(span)?;
            if let returned @ Flow::Return(_) = self.block(header)? {
                return Ok(returned);
            }
            if cond.is_some_and(|cond| !self.truth(cond)) {
                return Ok(Flow::Next);
            }
            match self.block(body)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                returned @ Flow::Return(_) => return Ok(returned),
            }
        }
    }

    /// A counted loop.
    fn count(
        &mut self,
        node: &HostNode,
        body: &[Planned<'k>],
    ) -> Result<Flow<D::Buffer>, D::Error> {
        let HostNode::For { var, lo, hi, step, span, .. } = node else {
            unreachable!("only called on counted loops")
        };
        let var = var.0 as usize;
        let range = AxisRange::new(self.integer(*lo), self.integer(*hi), *step);
        let dtype = self.kernel.vars[var].dtype;
        for position in 0..range.count {
            self.device.step(*span)?;
            self.state.vars[var] = Some(integer_of(dtype, range.at(position)));
            match self.block(body)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                returned @ Flow::Return(_) => return Ok(returned),
            }
        }
        Ok(Flow::Next)
    }

    fn region(
        &mut self,
        unit: UnitId,
        region: &Region,
        apart: &[(ArrayId, ArrayId)],
    ) -> Result<(), D::Error> {
        let axes: Vec<AxisRange> = region
            .axes
            .iter()
            .map(|axis| AxisRange::new(self.integer(axis.lo), self.integer(axis.hi), axis.step))
            .collect();
        if axes.iter().any(|axis| axis.count == 0) {
            return Ok(());
        }
        if AxisRange::total(&axes).is_none() {
            return Err(trap(TrapKind::StepBudget { limit: u64::MAX }, region.span).into());
        }
        self.check_aliases(apart, region.span)?;
        self.device.region(unit, region, &axes, &mut self.state)
    }

    /// Rule 8: two names of one array may not meet in a region in which either is written.
    fn check_aliases(&self, apart: &[(ArrayId, ArrayId)], span: Span) -> Result<(), Trap> {
        for (first, second) in apart {
            let same = match (self.array(*first), self.array(*second)) {
                (Some(first), Some(second)) => first.buffer == second.buffer,
                _ => false,
            };
            if same {
                let name = |array: &ArrayId| self.kernel.arrays[array.0 as usize].name.clone();
                let kind = TrapKind::AliasedArrays { first: name(first), second: name(second) };
                return Err(trap(kind, span));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, value: ValueId) -> Result<(), D::Error> {
        let inst = &self.kernel.insts[value.0 as usize];
        let result = match &inst.kind {
            InstKind::Const(constant) => *constant,
            InstKind::Get(var) => match self.state.vars[var.0 as usize] {
                Some(known) => known,
                None => {
                    let fetched = self.device.fetch(*var, &mut self.state)?;
                    self.state.vars[var.0 as usize] = Some(fetched);
                    fetched
                }
            },
            InstKind::Extent { array, axis } => {
                let bound = self.array(*array).expect("the validator proves that names are bound");
                // Rule 1: an axis has at most 2^31-1 elements.
                Scalar::I32(bound.shape[*axis as usize] as i32)
            }
            InstKind::Op { op, args } => {
                let args: Vec<Scalar> = args.iter().map(|arg| self.value(*arg)).collect();
                eval(*op, inst.dtype, &args).map_err(|kind| trap(kind, inst.span))?
            }
            InstKind::HostGet(_)
            | InstKind::Load { .. }
            | InstKind::ScratchLoad { .. }
            | InstKind::Atomic(_) => {
                unreachable!("the validator keeps memory and lane reads out of host code")
            }
        };
        self.values[value.0 as usize] = Some(result);
        Ok(())
    }

    fn bind(&mut self, pairs: &[(ArrayId, ArrayId)]) {
        if let [(a, from_b), (b, from_a)] = pairs
            && (a, b) == (from_a, from_b)
        {
            return self.state.arrays.swap(a.0 as usize, b.0 as usize);
        }
        let sources: Vec<_> = pairs.iter().map(|(_, from)| self.array(*from).cloned()).collect();
        for ((name, _), source) in pairs.iter().zip(sources) {
            self.state.arrays[name.0 as usize] = source;
        }
    }

    fn zeros(&mut self, array: ArrayId, extents: &[ValueId], span: Span) -> Result<(), D::Error> {
        let mut shape = Vec::with_capacity(extents.len());
        for extent in extents {
            let extent = self.value(*extent);
            match extent.as_integer() {
                Some(exact @ 0..=0x7fff_ffff) => shape.push(exact as u64),
                _ => return Err(trap(TrapKind::BadExtent { extent }, span).into()),
            }
        }
        let dtype = self.kernel.arrays[array.0 as usize].dtype;
        let buffer = self.device.zeros(dtype, &shape, span)?;
        self.state.arrays[array.0 as usize] = Some(Bound { buffer, dtype, shape });
        Ok(())
    }

    fn returned(&self, values: &[Returned]) -> Vec<Argument<D::Buffer>> {
        values
            .iter()
            .map(|returned| match returned {
                Returned::Scalar(value) => Argument::Scalar(self.value(*value)),
                Returned::Array(array) => Argument::Array(self.bound(*array)),
            })
            .collect()
    }

    fn final_params(&self) -> Vec<Bound<D::Buffer>> {
        let arrays = self.kernel.params.iter().filter_map(|param| match param {
            KernelParam::Array(array) => Some(*array),
            KernelParam::Scalar(_) => None,
        });
        arrays.map(|array| self.bound(array)).collect()
    }

    fn array(&self, array: ArrayId) -> Option<&Bound<D::Buffer>> {
        self.state.arrays[array.0 as usize].as_ref()
    }

    fn bound(&self, array: ArrayId) -> Bound<D::Buffer> {
        self.array(array).cloned().expect("the validator proves that names are bound")
    }

    fn value(&self, value: ValueId) -> Scalar {
        self.values[value.0 as usize].expect("the validator proves that values are evaluated")
    }

    fn truth(&self, value: ValueId) -> bool {
        self.value(value) == Scalar::Bool(true)
    }

    fn integer(&self, value: ValueId) -> i128 {
        self.value(value).as_integer().expect("the validator proves that bounds are integers")
    }

    /// Where a node stands, for the device's messages.
    fn span(&self, node: &HostNode) -> Span {
        match node {
            HostNode::Eval(value) | HostNode::Set { value, .. } => {
                self.kernel.insts[value.0 as usize].span
            }
            HostNode::If { span, .. }
            | HostNode::Loop { span, .. }
            | HostNode::For { span, .. }
            | HostNode::Bind { span, .. }
            | HostNode::Zeros { span, .. }
            | HostNode::Return { span, .. } => *span,
            HostNode::Region(region) => region.span,
            HostNode::Serial(serial) => serial.span,
            HostNode::Break | HostNode::Continue => Span::default(),
        }
    }
}

/// A trap of host level: it belongs to no iteration.
fn trap(kind: TrapKind, span: Span) -> Trap {
    Trap { kind, span, iteration: None }
}

/// An exact integer as a value of an integer type that holds it.
fn integer_of(dtype: DType, exact: i128) -> Scalar {
    Scalar::from_bits(dtype, exact as u64)
}
