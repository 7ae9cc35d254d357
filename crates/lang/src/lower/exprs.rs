//! Expressions to instructions.

use crossover_ir::{Atomic, AtomicOp, InstKind, Op, Span, ValueId};
use crossover_values::{DType, Scalar};

use super::node::Node;
use super::{Binding, LaneKind, Lowerer, Outcome};
use crate::typed::{Ex, ExKind, LocalId};

impl<'a> Lowerer<'a> {
    /// Writes an expression into the current block.
    pub(super) fn ex(&mut self, ex: &'a Ex) -> ValueId {
        // The left spine of an operator chain may be a thousand deep.
        let mut spine = Vec::new();
        let mut left = ex;
        while let ExKind::Op { args, .. } = &left.kind
            && let [first, _] = args.as_slice()
            && matches!(first.kind, ExKind::Op { .. })
        {
            spine.push(left);
            left = first;
        }
        let mut value = self.single(left);
        for part in spine.into_iter().rev() {
            if let ExKind::Op { op, args } = &part.kind {
                let right = self.ex(&args[1]);
                value = self.op(*op, vec![value, right], part.dtype(), part.span);
            }
        }
        value
    }

    pub(super) fn all(&mut self, list: &'a [Ex]) -> Vec<ValueId> {
        list.iter().map(|ex| self.ex(ex)).collect()
    }

    fn single(&mut self, ex: &'a Ex) -> ValueId {
        if self.stopped {
            return ValueId(0);
        }
        let (dtype, span) = (ex.dtype(), ex.span);
        match &ex.kind {
            ExKind::Const(value) => self.constant(*value, span),
            ExKind::Local(local) => {
                let binding = self.scalar(*local);
                self.get(binding, span)
            }
            ExKind::Extent { array, axis } => self.extent(*array, *axis, span),
            ExKind::Op { op, args } => {
                let args = self.all(args);
                self.op(*op, args, dtype, span)
            }
            ExKind::Load { array, indices } => {
                let indices = self.all(indices);
                self.load(*array, indices, dtype, span)
            }
            ExKind::Atomic { op, array, indices, args } => {
                let (indices, args) = (self.all(indices), self.all(args));
                self.atomic(*op, *array, indices, args, dtype, span)
            }
            ExKind::Call { func, args } => match self.call(*func, args, span).first() {
                Some(Outcome::Scalar(value)) => *value,
                Some(Outcome::Array(_)) | None => self.constant(Scalar::from_bits(dtype, 0), span),
            },
            ExKind::If { cond, then, otherwise } => self.conditional(cond, then, otherwise, ex),
            ExKind::Logic { and, terms } => self.logic(*and, terms, span),
            ExKind::Chain { ops, terms } => self.chain(ops, terms, span),
            // Only in code with errors, which is not lowered.
            ExKind::Lit(_) | ExKind::Poison => self.constant(Scalar::from_bits(dtype, 0), span),
        }
    }

    fn extent(&mut self, array: LocalId, axis: u32, span: Span) -> ValueId {
        match self.array(array) {
            Binding::Array(array) => self.inst(InstKind::Extent { array, axis }, DType::I32, span),
            Binding::Scratch(scratch) => {
                let len = self.lane.as_ref().map_or(0, |lane| lane.scratch[scratch.0 as usize].len);
                // At most 1,024.
                self.constant(Scalar::I32(len as i32), span)
            }
            Binding::Host(_) | Binding::Lane(_) | Binding::Value(_) => {
                self.constant(Scalar::I32(0), span)
            }
        }
    }

    /// Reads an element.
    pub(super) fn load(
        &mut self,
        array: LocalId,
        indices: Vec<ValueId>,
        dtype: DType,
        span: Span,
    ) -> ValueId {
        match self.array(array) {
            Binding::Array(array) => self.inst(InstKind::Load { array, indices }, dtype, span),
            Binding::Scratch(scratch) => {
                let index = indices.first().copied().unwrap_or(ValueId(0));
                self.inst(InstKind::ScratchLoad { scratch, index }, dtype, span)
            }
            Binding::Host(_) | Binding::Lane(_) | Binding::Value(_) => {
                self.constant(Scalar::from_bits(dtype, 0), span)
            }
        }
    }

    /// Writes an element.
    pub(super) fn store(
        &mut self,
        array: LocalId,
        indices: Vec<ValueId>,
        value: ValueId,
        span: Span,
    ) {
        match self.array(array) {
            Binding::Array(array) => {
                if let Some(lane) = &mut self.lane {
                    lane.stores.entry(array).or_insert(span);
                }
                self.push(Node::Store { array, indices, value, span });
            }
            Binding::Scratch(scratch) => {
                let index = indices.first().copied().unwrap_or(ValueId(0));
                self.push(Node::ScratchStore { scratch, index, value, span });
            }
            Binding::Host(_) | Binding::Lane(_) | Binding::Value(_) => {}
        }
    }

    fn atomic(
        &mut self,
        op: AtomicOp,
        array: LocalId,
        indices: Vec<ValueId>,
        args: Vec<ValueId>,
        dtype: DType,
        span: Span,
    ) -> ValueId {
        let region = self.lane.as_ref().is_some_and(|lane| lane.kind == LaneKind::Region);
        match self.array(array) {
            Binding::Array(array) if region => {
                let atomic = Atomic { op, array, indices, args };
                self.inst(InstKind::Atomic(atomic), dtype, span)
            }
            Binding::Scratch(_) => {
                self.error(
                    12,
                    span,
                    "an atomic on a scratch array",
                    "scratch belongs to one iteration; assign plainly",
                );
                self.constant(Scalar::from_bits(dtype, 0), span)
            }
            Binding::Array(_) | Binding::Host(_) | Binding::Lane(_) | Binding::Value(_) => {
                let help = "call the function inside a prange; elsewhere a plain assignment does";
                self.error(12, span, "an atomic that runs outside every prange", help);
                self.constant(Scalar::from_bits(dtype, 0), span)
            }
        }
    }

    /// `then if cond else otherwise`.
    fn conditional(
        &mut self,
        cond: &'a Ex,
        then: &'a Ex,
        otherwise: &'a Ex,
        whole: &'a Ex,
    ) -> ValueId {
        let (dtype, span) = (whole.dtype(), whole.span);
        let cond_value = self.ex(cond);
        if then.is_harmless() && otherwise.is_harmless() {
            let args = vec![cond_value, self.ex(then), self.ex(otherwise)];
            return self.op(Op::Select, args, dtype, span);
        }
        let result = self.made("choice", dtype);
        let then = self.branch_value(result, then);
        let otherwise = self.branch_value(result, otherwise);
        self.push(Node::branch(cond_value, then, otherwise, cond.span));
        self.get(result, span)
    }

    /// A block that sets a variable to an expression.
    fn branch_value(&mut self, result: Binding, ex: &'a Ex) -> Vec<Node> {
        self.open(ex.span);
        let value = self.ex(ex);
        self.set(result, value);
        self.close()
    }

    fn logic(&mut self, and: bool, terms: &'a [Ex], span: Span) -> ValueId {
        let mut result = None;
        for term in terms {
            result = Some(match result {
                None => self.ex(term),
                Some(before) => self.lazily(and, before, &[term], span, |this| this.ex(term)),
            });
        }
        result.unwrap_or(ValueId(0))
    }

    /// `before and more` or `before or more`; `more` is a table op's operand if `parts` may always
    /// be evaluated, else it is evaluated only when it decides.
    fn lazily(
        &mut self,
        and: bool,
        before: ValueId,
        parts: &[&'a Ex],
        span: Span,
        more: impl FnOnce(&mut Self) -> ValueId,
    ) -> ValueId {
        if parts.iter().all(|part| part.is_harmless()) {
            let right = more(self);
            let op = if and { Op::And } else { Op::Or };
            return self.op(op, vec![before, right], DType::Bool, span);
        }
        let result = self.made("test", DType::Bool);
        self.set(result, before);
        self.open(span);
        let right = more(self);
        self.set(result, right);
        let block = self.close();
        let (then, otherwise) = if and { (block, Vec::new()) } else { (Vec::new(), block) };
        self.push(Node::branch(before, then, otherwise, span));
        self.get(result, span)
    }

    /// `t0 op0 t1 op1 t2 …`: terms in the middle are computed once.
    fn chain(&mut self, ops: &'a [Op], terms: &'a [Ex], span: Span) -> ValueId {
        let (Some(first), Some(second)) = (terms.first(), terms.get(1)) else {
            return ValueId(0);
        };
        let (left, right) = (self.ex(first), self.ex(second));
        let result = self.op(ops[0], vec![left, right], DType::Bool, span);
        self.chain_rest(result, right, &ops[1..], &terms[2..], span)
    }

    /// The rest of a chain, whose terms so far gave `before`.
    fn chain_rest(
        &mut self,
        before: ValueId,
        left: ValueId,
        ops: &'a [Op],
        terms: &'a [Ex],
        span: Span,
    ) -> ValueId {
        let (Some((op, ops)), Some((term, terms))) = (ops.split_first(), terms.split_first())
        else {
            return before;
        };
        let mut parts: Vec<&Ex> = vec![term];
        parts.extend(terms);
        self.lazily(true, before, &parts, span, |this| {
            let right = this.ex(term);
            let result = this.op(*op, vec![left, right], DType::Bool, span);
            this.chain_rest(result, right, ops, terms, span)
        })
    }
}
