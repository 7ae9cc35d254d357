//! Statements: assignments, stores and control flow.

use super::*;

impl Lowerer<'_> {
    pub(super) fn block(&mut self, block: &Block) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Eval(value) => self.eval(*value),
            Stmt::Set { var, value } => match self.names.get_mut(var) {
                Some(named) => *named = Some(*value),
                None => self.set(stmt, self.vars[var.0 as usize], *value),
            },
            Stmt::HostSet { var, value } => {
                let register = self.host_var(*var);
                self.set(stmt, register, *value);
            }
            Stmt::Store { array, indices, value, span } => {
                let site = self.index_site(*array, indices);
                let anchor = self.stmt_anchor(stmt, *span, site);
                self.store(*array, indices, *value, anchor);
            }
            Stmt::ScratchZero(scratch) => {
                let t = self.scratch[scratch.0 as usize];
                let len = self.code.scratch[scratch.0 as usize].len;
                let inst = Lir::new(Opcode::ScratchZero, 0, &[0, len], Vec::new());
                self.emit_to(Lir { t, ..inst });
            }
            Stmt::ScratchStore { scratch, index, value, span } => {
                let op = match self.code.scratch[scratch.0 as usize].dtype {
                    DType::U8 => Opcode::ScratchStoreU8,
                    _ => Opcode::ScratchStore,
                };
                let site = self.scratch_site(*scratch, *index);
                let mut inst = self.scratch_access(op, *scratch, *index);
                inst.args[4] = self.value(*value);
                inst.anchors = vec![self.anchor(*span, site)];
                self.emit_to(inst);
            }
            Stmt::If { cond, then, otherwise, span } => {
                let anchor = self.anchor(*span, TrapSite::Never);
                self.if_else(*cond, then, otherwise, anchor);
            }
            Stmt::Switch { selector, cases, default, span } => {
                self.switch(*selector, cases, default, *span);
            }
            Stmt::Loop { .. } => self.repeat(stmt),
            Stmt::For { .. } => self.count(stmt),
            Stmt::Reduce { reduce, value, payload } => self.reduce(*reduce, *value, payload),
            Stmt::Break => {
                let exit = self.loops.last().expect("validated: inside a loop").exit;
                self.jump(exit);
            }
            Stmt::Continue => {
                let next = self.loops.last().expect("validated: inside a loop").next;
                self.jump(next);
            }
            Stmt::Return => self.jump(self.end),
            Stmt::Trap { cond, code, span } => {
                let anchor = self.anchor(*span, TrapSite::Explicit(*code));
                self.emit(Opcode::TrapIf, 0, &[self.value(*cond)], vec![anchor]);
            }
        }
    }

    /// Assigns a variable's register.
    fn set(&mut self, stmt: &Stmt, register: Reg, value: ValueId) {
        let from = self.value(value);
        if from != register {
            let span = self.code.insts[value.0 as usize].span;
            let anchor = self.stmt_anchor(stmt, span, TrapSite::Never);
            self.emit(Opcode::Mov, register, &[from], vec![anchor]);
            self.changes(register);
        }
    }

    fn store(&mut self, array: ArrayId, indices: &[ValueId], value: ValueId, anchor: Anchor) {
        let width = Width::of(self.kernel.arrays[array.0 as usize].dtype);
        let opcodes = match width {
            Width::Words64 => (Opcode::Store64, Some(Opcode::Store64x2)),
            Width::Words32 => (Opcode::Store32, Some(Opcode::Store32x2)),
            Width::Bytes => (Opcode::StoreU8, None),
            Width::Bools => (Opcode::StoreBool, None),
        };
        let stored = self.value(value);
        let (op, operands) = self.element(array, indices, opcodes, anchor);
        let t = self.slot(array);
        let mut inst = Lir { t, ..Lir::new(op, 0, &operands, vec![anchor]) };
        inst.args[4] = stored;
        self.emit_to(inst);
    }

    fn if_else(&mut self, cond: ValueId, then: &Block, otherwise: &Block, anchor: Anchor) {
        let (other, end) = (self.label(), self.label());
        self.branch(Opcode::BrF, &[self.value(cond)], other, vec![anchor]);
        self.block(then);
        if !otherwise.is_empty() {
            self.jump(end);
        }
        self.place(other);
        self.block(otherwise);
        self.place(end);
    }

    fn switch(&mut self, selector: ValueId, cases: &[(i64, Block)], default: &Block, span: Span) {
        let anchor = self.anchor(span, TrapSite::Never);
        let end = self.label();
        let labels: Vec<Label> = cases.iter().map(|_| self.label()).collect();
        for ((case, _), label) in cases.iter().zip(&labels) {
            let case = self.integer(self.dtype(selector), *case);
            self.branch(Opcode::BrEq, &[self.value(selector), case], *label, vec![anchor]);
        }
        self.block(default);
        for ((_, block), label) in cases.iter().zip(&labels) {
            self.jump(end);
            self.place(*label);
            self.block(block);
        }
        self.place(end);
    }

    /// Reports a back edge, in watched code.
    fn tick(&mut self) {
        if self.watched == Watched::Yes {
            self.emit(Opcode::Tick, 0, &[], Vec::new());
        }
    }

    fn repeat(&mut self, stmt: &Stmt) {
        let Stmt::Loop { header, cond, body, continuing, span } = stmt else {
            unreachable!("only called on loops")
        };
        let anchor = self.anchor(*span, TrapSite::Never);
        self.changes_in(&[header, body, continuing]);
        let (top, next, exit) = (self.label(), self.label(), self.label());
        // A second copy of the test at the bottom saves a jump per iteration, and lets it fuse
        // with the end of the body; a long one is jumped to instead.
        let copied = is_short(header);
        let test = self.label();
        if copied {
            self.block(header);
            if let Some(cond) = cond {
                self.branch(Opcode::BrF, &[self.value(*cond)], exit, vec![anchor]);
            }
        } else {
            self.jump(test);
        }
        self.place(top);
        let twice =
            copied && self.watched == Watched::No && is_straight(body) && is_straight(continuing);
        if let (true, Some(cond)) = (twice, cond) {
            self.out.items.push(Item::Copies(Copies::Late));
            for block in [body, continuing, header] {
                self.block(block);
            }
            self.branch(Opcode::BrF, &[self.value(*cond)], exit, vec![anchor]);
            self.out.items.push(Item::Copies(Copies::AtOnce));
        }
        self.loops.push(LoopLabels { exit, next });
        self.block(body);
        self.loops.pop();
        self.place(next);
        self.block(continuing);
        self.tick();
        self.place(test);
        self.block(header);
        match cond {
            Some(cond) => self.branch(Opcode::BrT, &[self.value(*cond)], top, vec![anchor]),
            None => self.jump(top),
        }
        self.place(exit);
    }

    fn count(&mut self, stmt: &Stmt) {
        let Stmt::For { var, lo, hi, step, body, span, .. } = stmt else {
            unreachable!("only called on counted loops")
        };
        let dtype = self.code.vars[var.0 as usize].dtype;
        let anchor = self.anchor(*span, TrapSite::Never);
        let index = self.vars[var.0 as usize];
        let first = self.value(*lo);
        self.changes(index);
        self.changes_in(&[body]);
        let (top, next, exit) = (self.label(), self.label(), self.label());
        let unit_step = step.unsigned_abs() == 1;
        let trips = if unit_step {
            self.branch(
                skip_op(dtype),
                &skip_operands(first, self.value(*hi), *step),
                exit,
                vec![anchor],
            );
            None
        } else {
            Some(self.trips(dtype, first, self.value(*hi), *step, exit, anchor))
        };
        self.emit(Opcode::Mov, index, &[first], Vec::new());
        self.place(top);
        self.loops.push(LoopLabels { exit, next });
        self.block(body);
        self.loops.pop();
        self.place(next);
        self.tick();
        let step = self.integer(dtype, *step);
        let narrow = dtype.size() == 4;
        match trips {
            None => {
                let op = if narrow { Opcode::AddNe32 } else { Opcode::AddNe64 };
                let inst = Lir::branch(op, &[step, self.value(*hi)], top, vec![anchor]);
                self.emit_to(Lir { r: index, ..inst });
            }
            Some(trips) => {
                let op = if narrow { Opcode::Add32 } else { Opcode::Add64 };
                self.emit(op, index, &[index, step], Vec::new());
                let (minus, zero) = (self.constant(u64::MAX), self.constant(0));
                let inst = Lir::branch(Opcode::AddNe64, &[minus, zero], top, vec![anchor]);
                self.emit_to(Lir { r: trips, ..inst });
            }
        }
        self.place(exit);
    }

    /// The number of iterations, in a register of its own; leaves if there are none.
    fn trips(
        &mut self,
        dtype: DType,
        lo: Reg,
        hi: Reg,
        step: i64,
        exit: Label,
        anchor: Anchor,
    ) -> Reg {
        let op = match dtype {
            DType::I32 => Opcode::TripCountI32,
            DType::I64 => Opcode::TripCountI64,
            _ => Opcode::TripCountU,
        };
        let trips = self.register();
        let step = self.constant(step as u64);
        self.emit(op, trips, &[lo, hi, step], vec![anchor]);
        let zero = self.constant(0);
        self.branch(Opcode::BrEq, &[trips, zero], exit, Vec::new());
        trips
    }
}

/// Whether a loop with bounds of this type has no iteration.
fn skip_op(dtype: DType) -> Opcode {
    match dtype {
        DType::I32 => Opcode::BrLeI32,
        DType::I64 => Opcode::BrLeI64,
        _ => Opcode::BrLeU,
    }
}

fn skip_operands(lo: Reg, hi: Reg, step: i64) -> [Reg; 2] {
    if step > 0 { [hi, lo] } else { [lo, hi] }
}

/// Whether a loop body is short and straight enough for a second copy.
fn is_straight(body: &Block) -> bool {
    const LONGEST: usize = 64;
    let straight = |stmt: &Stmt| {
        matches!(stmt, Stmt::Eval(_) | Stmt::Set { .. } | Stmt::HostSet { .. } | Stmt::Store { .. })
    };
    body.len() <= LONGEST && body.iter().all(straight)
}

/// Whether a loop header is worth a second copy.
fn is_short(header: &Block) -> bool {
    const LONGEST: usize = 48;
    header.len() <= LONGEST && header.iter().all(|stmt| matches!(stmt, Stmt::Eval(_)))
}
