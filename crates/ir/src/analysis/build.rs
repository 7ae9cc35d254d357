//! Writing lane code: what the rewritings share.

use crossover_values::{DType, Scalar};

use crate::{Block, Code, Inst, InstKind, Op, Scratch, ScratchId, Span, Stmt, ValueId, Var, VarId};

/// Lane code under construction: arenas, and the blocks that are open.
pub(super) struct Builder {
    pub(super) code: Code,
    /// The place of what is made.
    pub(super) span: Span,
    open: Vec<Block>,
}

impl Builder {
    /// Goes on with code, whose body the caller has taken out.
    pub(super) fn new(code: Code) -> Builder {
        Builder { code, span: Span::default(), open: Vec::new() }
    }

    /// The statements that `fill` writes, as a block of their own.
    pub(super) fn block(&mut self, fill: impl FnOnce(&mut Builder)) -> Block {
        self.begin();
        fill(self);
        self.end()
    }

    /// Opens a block; [`Builder::end`] closes it.
    pub(super) fn begin(&mut self) {
        self.open.push(Block::new());
    }

    pub(super) fn end(&mut self) -> Block {
        self.open.pop().expect("each end has its begin")
    }

    pub(super) fn push(&mut self, stmt: Stmt) {
        self.open.last_mut().expect("statements are written inside `block`").push(stmt);
    }

    pub(super) fn eval(&mut self, kind: InstKind, dtype: DType) -> ValueId {
        let value = ValueId(self.code.insts.len() as u32);
        self.code.insts.push(Inst { kind, dtype, span: self.span });
        self.push(Stmt::Eval(value));
        value
    }

    pub(super) fn constant(&mut self, scalar: Scalar) -> ValueId {
        self.eval(InstKind::Const(scalar), scalar.dtype())
    }

    pub(super) fn op(&mut self, op: Op, dtype: DType, args: &[ValueId]) -> ValueId {
        self.eval(InstKind::Op { op, args: args.to_vec() }, dtype)
    }

    pub(super) fn get(&mut self, var: VarId) -> ValueId {
        self.eval(InstKind::Get(var), self.code.vars[var.0 as usize].dtype)
    }

    pub(super) fn set(&mut self, var: VarId, value: ValueId) {
        self.push(Stmt::Set { var, value });
    }

    pub(super) fn set_constant(&mut self, var: VarId, scalar: Scalar) {
        let value = self.constant(scalar);
        self.set(var, value);
    }

    /// `var = op(var, constant)`.
    pub(super) fn update(&mut self, var: VarId, op: Op, by: Scalar) {
        let (old, by) = (self.get(var), self.constant(by));
        let new = self.op(op, self.code.vars[var.0 as usize].dtype, &[old, by]);
        self.set(var, new);
    }

    pub(super) fn scratch_load(&mut self, scratch: ScratchId, index: ValueId) -> ValueId {
        let dtype = self.code.scratch[scratch.0 as usize].dtype.loaded();
        self.eval(InstKind::ScratchLoad { scratch, index }, dtype)
    }

    pub(super) fn scratch_store(&mut self, scratch: ScratchId, index: ValueId, value: ValueId) {
        let span = self.span;
        self.push(Stmt::ScratchStore { scratch, index, value, span });
    }

    /// A new variable; its name is made unique.
    pub(super) fn var(&mut self, name: &str, dtype: DType) -> VarId {
        let name = unique(name, |name| self.code.vars.iter().any(|var| var.name == name));
        self.code.vars.push(Var { name, dtype });
        VarId(self.code.vars.len() as u32 - 1)
    }

    /// A new scratch array; its name is made unique.
    pub(super) fn scratch(&mut self, name: &str, dtype: DType, len: u32) -> ScratchId {
        let name = unique(name, |name| self.code.scratch.iter().any(|it| it.name == name));
        self.code.scratch.push(Scratch { name, dtype, len });
        ScratchId(self.code.scratch.len() as u32 - 1)
    }
}

/// A name that is not taken: itself, or with the first free number.
pub(crate) fn unique(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (1_u32..).map(|number| format!("{name}.{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken(name))
        .expect("finitely many names are taken")
}
