//! Writes the functions of the library in place of the ops that they stand for.

use crossover_values::{DType, Scalar};

use super::function_of;
use super::template::template;
use crate::analysis::unique;
use crate::{Block, Code, HostNode, Inst, InstKind, Module, Op, Stmt, Valid, ValueId, Var, VarId};

/// The module with the functions of [`super::library`] in place of the ops, in the code of lanes:
/// instructions only, evaluated where the op was, with its place in the source. Where a function
/// has a reach, an `if` behind it calls the pinned function for arguments beyond. Host code, which
/// does little, keeps the pinned functions.
pub fn expand(module: &Valid<Module>) -> Valid<Module> {
    let mut module = (**module).clone();
    for kernel in &mut module.kernels {
        kernel.host.iter_mut().for_each(|node| node.walk_mut(&mut unit));
    }
    // Evaluations become evaluations with the same types in the same blocks; the tests validate
    // the modules again.
    Valid::trust(module)
}

/// Whether a module evaluates such an op again and again: in a region, or in a loop of a serial
/// section. In others a variant of the functions shows nothing.
pub fn is_repeated(module: &Module) -> bool {
    let mut found = false;
    for kernel in &module.kernels {
        for node in &kernel.host {
            node.walk(&mut |node| {
                found |= match node {
                    HostNode::Region(region) => region.code.insts.iter().any(has_function),
                    HostNode::Serial(serial) => loops_have_function(&serial.code),
                    _ => false,
                };
            });
        }
    }
    found
}

fn has_function(inst: &Inst) -> bool {
    matches!(inst.kind, InstKind::Op { op, .. } if function_of(op, inst.dtype).is_some())
}

fn loops_have_function(code: &Code) -> bool {
    let mut found = false;
    let mut inside = |stmt: &Stmt| {
        if let Stmt::Eval(value) = stmt {
            found |= has_function(&code.insts[value.0 as usize]);
        }
    };
    for stmt in &code.body {
        stmt.walk(&mut |stmt| {
            if let Stmt::Loop { .. } | Stmt::For { .. } = stmt {
                stmt.walk(&mut inside);
            }
        });
    }
    found
}

/// A region or a serial section.
fn unit(at: &mut HostNode) {
    match at {
        HostNode::Region(region) => {
            for axis in &mut region.axes {
                block(&mut region.code, &mut axis.prefix);
            }
            body(&mut region.code);
        }
        HostNode::Serial(serial) => body(&mut serial.code),
        _ => {}
    }
}

fn body(code: &mut Code) {
    let mut taken = std::mem::take(&mut code.body);
    block(code, &mut taken);
    code.body = taken;
}

/// `code` has the arenas that the block refers to.
fn block(code: &mut Code, statements: &mut Block) {
    for mut stmt in std::mem::take(statements) {
        stmt.blocks_mut().into_iter().for_each(|inner| block(code, inner));
        match stmt {
            Stmt::Eval(value) => evaluation(code, statements, value),
            other => statements.push(other),
        }
    }
}

/// The evaluation of a value, or what stands for it: the last instruction keeps the op's number, so
/// that what uses it stays as it is.
fn evaluation(code: &mut Code, statements: &mut Block, value: ValueId) {
    let Inst { kind, dtype, span } = code.insts[value.0 as usize].clone();
    let found = match kind {
        InstKind::Op { op, args } => template(op, dtype).map(|found| (op, args[0], found)),
        _ => None,
    };
    let Some((op, argument, (function, steps))) = found else {
        return statements.push(Stmt::Eval(value));
    };
    let mut at = Writer { code, statements };
    let mut values = Vec::with_capacity(steps.len());
    for (place, step) in steps.iter().enumerate() {
        let inst = Inst { kind: step.kind(argument, &values), dtype: step.dtype, span };
        let last = place + 1 == steps.len() && function.reach.is_none();
        values.push(if last { at.replace(value, inst) } else { at.write(inst) });
    }
    if let (Some(reach), Some(near)) = (function.reach, values.last()) {
        let whole = Inst { kind: InstKind::Op { op, args: vec![argument] }, dtype, span };
        let var = at.guarded(whole, argument, reach, *near);
        at.replace(value, Inst { kind: InstKind::Get(var), dtype, span });
    }
}

struct Writer<'a> {
    code: &'a mut Code,
    statements: &'a mut Block,
}

impl Writer<'_> {
    /// Evaluates a new instruction.
    fn write(&mut self, inst: Inst) -> ValueId {
        self.code.insts.push(inst);
        let value = ValueId(self.code.insts.len() as u32 - 1);
        self.statements.push(Stmt::Eval(value));
        value
    }

    /// Evaluates an instruction in place of another.
    fn replace(&mut self, value: ValueId, inst: Inst) -> ValueId {
        self.code.insts[value.0 as usize] = inst;
        self.statements.push(Stmt::Eval(value));
        value
    }

    /// A variable that holds `near`, or the value of `far` if the argument is larger than `reach`.
    fn guarded(&mut self, far: Inst, argument: ValueId, reach: f64, near: ValueId) -> VarId {
        let Inst { dtype, span, .. } = far;
        let name = unique("function", |name| self.code.vars.iter().any(|var| var.name == name));
        self.code.vars.push(Var { name, dtype });
        let var = VarId(self.code.vars.len() as u32 - 1);
        self.statements.push(Stmt::Set { var, value: near });
        let op = |op, args, dtype| Inst { kind: InstKind::Op { op, args }, dtype, span };
        let reach = match dtype {
            DType::F32 => Scalar::F32(reach as f32),
            _ => Scalar::F64(reach),
        };
        let reach = self.write(Inst { kind: InstKind::Const(reach), dtype, span });
        let size = self.write(op(Op::Abs, vec![argument], dtype));
        let cond = self.write(op(Op::Gt, vec![size, reach], DType::Bool));
        let mut then = Block::new();
        let value = Writer { code: self.code, statements: &mut then }.write(far);
        then.push(Stmt::Set { var, value });
        self.statements.push(Stmt::If { cond, then, otherwise: Block::new(), span });
        var
    }
}
