//! Host level: the node list of a kernel.

use crossover_values::{DType, ParamKind};

use super::flow::{self, Bits, Flow, Mark, Scope};
use super::typing::{Typing, count, get, unique};
use super::{Failure, Violation, lane};
use crate::analysis::accesses;
use crate::{
    ArrayId, Class, Code, HostNode, InstKind, Kernel, KernelParam, Region, Returned, Serial, Span,
    ValueId, VarId,
};

/// Checks a kernel whose size and depth are already known to be bounded.
pub(super) fn check(kernel: &Kernel) -> Result<(), Failure> {
    let mut host = Host::new(kernel);
    host.declarations().map_err(|violation| host.fail(violation))?;
    host.block(&kernel.host)?;
    let end = if host.flow.is_some() { Err(Violation::MissingReturn) } else { host.scope.finish() };
    end.map_err(|violation| host.fail(violation))
}

struct Host<'k> {
    kernel: &'k Kernel,
    typing: Typing<'k>,
    span: Span,
    scope: Scope,
    /// Bits: variables, then array names.
    flow: Flow,
    /// Jump targets of enclosing loops; `None` in a header, which no jump leaves.
    frames: Vec<Option<Frame>>,
    /// How many enclosing loops have the variable as theirs.
    counting: Vec<u32>,
}

#[derive(Default)]
struct Frame {
    breaks: Flow,
}

impl<'k> Host<'k> {
    fn new(kernel: &'k Kernel) -> Host<'k> {
        Host {
            kernel,
            typing: Typing { kernel, insts: &kernel.insts, vars: &kernel.vars, scratch: None },
            span: Span::default(),
            scope: Scope::new(kernel.insts.len()),
            flow: Some(Bits::new(kernel.vars.len() + kernel.arrays.len())),
            frames: Vec::new(),
            counting: vec![0; kernel.vars.len()],
        }
    }

    fn fail(&self, violation: Violation) -> Failure {
        Failure { violation, span: self.span }
    }

    fn array_bit(&self, array: ArrayId) -> usize {
        self.kernel.vars.len() + array.0 as usize
    }

    fn declarations(&mut self) -> Result<(), Violation> {
        self.typing.check_vars()?;
        unique("array", self.kernel.arrays.iter().map(|array| array.name.as_str()))?;
        for array in &self.kernel.arrays {
            rank(&array.name, array.rank)?;
        }
        for param in &self.kernel.params {
            let (bit, name) = match param {
                KernelParam::Scalar(var) => (var.0 as usize, &self.typing.var(*var)?.name),
                KernelParam::Array(array) => {
                    (self.array_bit(*array), &self.typing.array(*array)?.name)
                }
            };
            if flow::has(&self.flow, bit) {
                return Err(Violation::DuplicateParam { name: name.clone() });
            }
            flow::set(&mut self.flow, bit);
        }
        for (position, kind) in self.kernel.returns.iter().enumerate() {
            match kind {
                ParamKind::Scalar(DType::U8) => {
                    let what = format!("returned value {position}");
                    return Err(Violation::ByteScalar { what });
                }
                ParamKind::Scalar(_) => {}
                ParamKind::Array { rank: axes, .. } => {
                    rank("result", u32::try_from(*axes).unwrap_or(u32::MAX))?;
                }
            }
        }
        Ok(())
    }

    fn block(&mut self, nodes: &[HostNode]) -> Result<(), Failure> {
        let mark = self.scope.enter();
        nodes.iter().try_for_each(|node| self.node(node))?;
        self.scope.leave(mark);
        Ok(())
    }

    fn node(&mut self, node: &HostNode) -> Result<(), Failure> {
        self.locate(node);
        match node {
            HostNode::If { cond, then, otherwise, .. } => {
                self.value_of("a condition", *cond, DType::Bool)
                    .map_err(|violation| self.fail(violation))?;
                let before = self.flow.clone();
                self.block(then)?;
                let after = std::mem::replace(&mut self.flow, before);
                self.block(otherwise)?;
                self.flow = flow::meet(after, self.flow.take());
                Ok(())
            }
            HostNode::Loop { header, cond, body, .. } => self.repeat(node, header, *cond, body),
            HostNode::For { body, .. } => self.count(node, body),
            HostNode::Region(region) => self.region(region),
            HostNode::Serial(serial) => self.serial(serial),
            HostNode::Eval(_)
            | HostNode::Set { .. }
            | HostNode::Break
            | HostNode::Continue
            | HostNode::Bind { .. }
            | HostNode::Zeros { .. }
            | HostNode::Return { .. } => {
                self.simple(node).map_err(|violation| self.fail(violation))
            }
        }
    }

    /// Nodes without a list inside.
    fn simple(&mut self, node: &HostNode) -> Result<(), Violation> {
        match node {
            HostNode::Eval(value) => self.evaluate(*value),
            HostNode::Set { var, value } => {
                let info = self.typing.var(*var)?;
                self.value_of("the assigned value", *value, info.dtype)?;
                if self.counting[var.0 as usize] > 0 {
                    return Err(Violation::LoopVariableAssigned { name: info.name.clone() });
                }
                flow::set(&mut self.flow, var.0 as usize);
                Ok(())
            }
            HostNode::Break | HostNode::Continue => self.jump(node),
            HostNode::Bind { pairs, .. } => self.bind(pairs),
            HostNode::Zeros { array, extents, .. } => {
                let info = self.typing.array(*array)?;
                count("extents", info.rank as usize, extents.len())?;
                for extent in extents {
                    self.scope.check_visible(*extent)?;
                    self.typing.integer("an extent", *extent)?;
                }
                let bit = self.array_bit(*array);
                flow::set(&mut self.flow, bit);
                Ok(())
            }
            HostNode::Return { values, .. } => self.returns(values),
            HostNode::If { .. }
            | HostNode::Loop { .. }
            | HostNode::For { .. }
            | HostNode::Region(_)
            | HostNode::Serial(_) => unreachable!("checked by `node`"),
        }
    }

    fn locate(&mut self, node: &HostNode) {
        let span = match node {
            HostNode::Eval(value) | HostNode::Set { value, .. } => {
                self.kernel.insts.get(value.0 as usize).map(|inst| inst.span)
            }
            HostNode::If { span, .. }
            | HostNode::Loop { span, .. }
            | HostNode::For { span, .. }
            | HostNode::Bind { span, .. }
            | HostNode::Zeros { span, .. }
            | HostNode::Return { span, .. } => Some(*span),
            HostNode::Region(region) => Some(region.span),
            HostNode::Serial(serial) => Some(serial.span),
            HostNode::Break | HostNode::Continue => None,
        };
        if let Some(span) = span {
            self.span = span;
        }
    }

    fn value_of(
        &self,
        what: &'static str,
        value: ValueId,
        expected: DType,
    ) -> Result<(), Violation> {
        self.scope.check_visible(value)?;
        self.typing.typed(what, value, expected)
    }

    fn evaluate(&mut self, value: ValueId) -> Result<(), Violation> {
        let inst = self.typing.inst(value)?;
        self.typing.check(inst)?;
        for operand in inst.kind.operands() {
            self.scope.check_visible(operand)?;
        }
        match &inst.kind {
            InstKind::Get(var) if !flow::has(&self.flow, var.0 as usize) => {
                return Err(Violation::Unassigned { name: self.typing.var(*var)?.name.clone() });
            }
            InstKind::Extent { array, .. } => self.bound(*array)?,
            _ => {}
        }
        self.scope.evaluate(value)
    }

    fn bound(&self, array: ArrayId) -> Result<(), Violation> {
        let info = self.typing.array(array)?;
        if flow::has(&self.flow, self.array_bit(array)) {
            Ok(())
        } else {
            Err(Violation::Unbound { name: info.name.clone() })
        }
    }

    fn bind(&mut self, pairs: &[(ArrayId, ArrayId)]) -> Result<(), Violation> {
        for (position, (name, source)) in pairs.iter().enumerate() {
            let (target, from) = (self.typing.array(*name)?, self.typing.array(*source)?);
            if (target.dtype, target.rank) != (from.dtype, from.rank) {
                let (name, source_name) = (target.name.clone(), from.name.clone());
                return Err(Violation::BindType { name, source_name });
            }
            if pairs[..position].iter().any(|(earlier, _)| earlier == name) {
                return Err(Violation::BoundTwice { name: target.name.clone() });
            }
            self.bound(*source)?;
        }
        for (name, _) in pairs {
            let bit = self.array_bit(*name);
            flow::set(&mut self.flow, bit);
        }
        Ok(())
    }

    fn returns(&mut self, values: &[Returned]) -> Result<(), Violation> {
        if self.frames.iter().any(Option::is_none) {
            return Err(Violation::JumpInHeader);
        }
        count("returned values", self.kernel.returns.len(), values.len())?;
        for (position, (value, kind)) in values.iter().zip(&self.kernel.returns).enumerate() {
            let found = match value {
                Returned::Scalar(value) => {
                    self.scope.check_visible(*value)?;
                    ParamKind::Scalar(self.typing.value(*value)?)
                }
                Returned::Array(array) => {
                    self.bound(*array)?;
                    let info = self.typing.array(*array)?;
                    ParamKind::Array { dtype: info.dtype, rank: info.rank as usize }
                }
            };
            if found != *kind {
                return Err(Violation::ReturnKind { position });
            }
        }
        self.flow = None;
        Ok(())
    }

    fn jump(&mut self, node: &HostNode) -> Result<(), Violation> {
        let breaks = matches!(node, HostNode::Break);
        match self.frames.last_mut() {
            None if breaks => Err(Violation::BreakOutsideLoop),
            None => Err(Violation::ContinueOutsideLoop),
            Some(None) => Err(Violation::JumpInHeader),
            Some(Some(frame)) => {
                let here = self.flow.take();
                if breaks {
                    frame.breaks = flow::meet(frame.breaks.take(), here);
                }
                Ok(())
            }
        }
    }

    /// As in lane code: variables of counted loops are undefined after their loops.
    fn forget_inner_loops(&mut self, node: &HostNode) {
        let flow = &mut self.flow;
        node.walk(&mut |inner| {
            if let HostNode::For { var, .. } = inner
                && (var.0 as usize) < self.kernel.vars.len()
            {
                flow::clear(flow, var.0 as usize);
            }
        });
    }

    fn repeat(
        &mut self,
        node: &HostNode,
        header: &[HostNode],
        cond: Option<ValueId>,
        body: &[HostNode],
    ) -> Result<(), Failure> {
        self.forget_inner_loops(node);
        let mark = self.scope.enter();
        self.frames.push(None);
        header.iter().try_for_each(|node| self.node(node))?;
        self.frames.pop();
        self.locate(node);
        if let Some(cond) = cond {
            self.condition(mark, cond).map_err(|violation| self.fail(violation))?;
        }
        self.scope.leave(mark);
        let exit = if cond.is_some() { self.flow.clone() } else { None };
        let frame = self.body(body)?;
        self.flow = flow::meet(exit, frame.breaks);
        Ok(())
    }

    fn condition(&self, header: Mark, cond: ValueId) -> Result<(), Violation> {
        self.value_of("a condition", cond, DType::Bool)?;
        if self.scope.is_since(header, cond) {
            Ok(())
        } else {
            Err(Violation::ConditionOutsideHeader)
        }
    }

    fn body(&mut self, body: &[HostNode]) -> Result<Frame, Failure> {
        self.frames.push(Some(Frame::default()));
        self.block(body)?;
        Ok(self.frames.pop().flatten().expect("pushed above"))
    }

    fn count(&mut self, node: &HostNode, body: &[HostNode]) -> Result<(), Failure> {
        let var = self.bounds(node).map_err(|violation| self.fail(violation))?.0 as usize;
        self.forget_inner_loops(node);
        let exit = self.flow.clone();
        self.counting[var] += 1;
        flow::set(&mut self.flow, var);
        let frame = self.body(body)?;
        self.counting[var] -= 1;
        self.flow = flow::meet(exit, frame.breaks);
        flow::clear(&mut self.flow, var);
        Ok(())
    }

    fn bounds(&self, node: &HostNode) -> Result<VarId, Violation> {
        let HostNode::For { var, lo, hi, step, .. } = node else {
            unreachable!("only called on counted loops")
        };
        let info = self.typing.var(*var)?;
        self.range(*lo, *hi, info.dtype, *step)?;
        if self.counting[var.0 as usize] > 0 {
            return Err(Violation::LoopVariableAssigned { name: info.name.clone() });
        }
        Ok(*var)
    }

    /// Bounds of the type of the loop's variable, and a step.
    fn range(&self, lo: ValueId, hi: ValueId, dtype: DType, step: i64) -> Result<(), Violation> {
        if !Class::Int.contains(dtype) {
            return Err(Violation::NotInteger { what: "a loop variable", found: dtype });
        }
        self.value_of("a loop bound", lo, dtype)?;
        self.value_of("a loop bound", hi, dtype)?;
        if step == 0 { Err(Violation::ZeroStep) } else { Ok(()) }
    }

    fn region(&mut self, region: &Region) -> Result<(), Failure> {
        self.region_bounds(region).map_err(|violation| self.fail(violation))?;
        lane::region(self.kernel, region, &self.flow, &self.counting)
    }

    fn region_bounds(&self, region: &Region) -> Result<(), Violation> {
        if !(1..=3).contains(&region.axes.len()) {
            return Err(Violation::AxisCount { found: region.axes.len() });
        }
        for axis in &region.axes {
            let index = get(&region.code.vars, axis.index.0, "variable")?;
            self.range(axis.lo, axis.hi, index.dtype, axis.step)?;
        }
        self.arrays_bound(&region.code)
    }

    fn serial(&mut self, serial: &Serial) -> Result<(), Failure> {
        self.arrays_bound(&serial.code).map_err(|violation| self.fail(violation))?;
        let after = lane::serial(self.kernel, serial, &self.flow, &self.counting)?;
        for (var, assigned) in after.into_iter().enumerate() {
            if assigned {
                flow::set(&mut self.flow, var);
            }
        }
        Ok(())
    }

    /// Every name that lane code touches or measures is bound.
    fn arrays_bound(&self, code: &Code) -> Result<(), Violation> {
        let measured = code.insts.iter().filter_map(|inst| match inst.kind {
            InstKind::Extent { array, .. } => Some(array),
            _ => None,
        });
        accesses(code).all().into_iter().chain(measured).try_for_each(|array| self.bound(array))
    }
}

fn rank(name: &str, rank: u32) -> Result<(), Violation> {
    if (1..=2).contains(&rank) {
        Ok(())
    } else {
        Err(Violation::Rank { name: name.to_owned(), rank })
    }
}
