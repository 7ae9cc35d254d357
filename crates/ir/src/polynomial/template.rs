//! A function of the library as a list of steps, ready to be written in place of an op.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crossover_values::{DType, Scalar};

use super::{FUNCTIONS, Function};
use crate::{Code, HostNode, InstKind, Kernel, Op, Stmt, ValueId, VarId, eval};

/// What a step takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operand {
    /// The argument of the function.
    Argument,
    /// The value of an earlier step.
    Step(usize),
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    Const(Scalar),
    Op(Op, Vec<Operand>),
}

/// One instruction of a function.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    action: Action,
    pub(super) dtype: DType,
}

impl Step {
    /// The instruction, with `values` of the steps before.
    pub(super) fn kind(&self, argument: ValueId, values: &[ValueId]) -> InstKind {
        let value = |operand: &Operand| match *operand {
            Operand::Argument => argument,
            Operand::Step(step) => values[step],
        };
        match &self.action {
            Action::Const(scalar) => InstKind::Const(*scalar),
            Action::Op(op, args) => {
                InstKind::Op { op: *op, args: args.iter().map(value).collect() }
            }
        }
    }
}

static TEMPLATES: [OnceLock<Vec<Step>>; FUNCTIONS.len()] =
    [const { OnceLock::new() }; FUNCTIONS.len()];

/// The function for an op on a type with its steps, the last of which is the result.
pub(super) fn template(op: Op, dtype: DType) -> Option<(&'static Function, &'static [Step])> {
    let mut functions = FUNCTIONS.iter().zip(&TEMPLATES);
    let (function, steps) =
        functions.find(|(function, _)| function.op == op && function.dtype == dtype)?;
    Some((function, steps.get_or_init(|| self::steps(&function.module().kernels[0]))))
}

/// Follows the straight code of a kernel's region: variables become the values that they hold.
fn steps(kernel: &Kernel) -> Vec<Step> {
    let region = kernel.host.iter().find_map(|node| match node {
        HostNode::Region(region) => Some(region),
        _ => None,
    });
    let region = region.expect("a test expands every function");
    let mut follow = Follow::new(&region.code);
    region.code.body.iter().for_each(|stmt| follow.stmt(stmt));
    let Some(Operand::Step(result)) = follow.result else {
        unreachable!("a function stores what it computes");
    };
    used(&follow.steps, result)
}

struct Follow<'c> {
    code: &'c Code,
    steps: Vec<Step>,
    /// What instructions gave; indices of arrays have no entry.
    values: BTreeMap<ValueId, Operand>,
    vars: BTreeMap<VarId, Operand>,
    result: Option<Operand>,
}

impl Follow<'_> {
    fn new(code: &Code) -> Follow<'_> {
        let (values, vars) = (BTreeMap::new(), BTreeMap::new());
        Follow { code, steps: Vec::new(), values, vars, result: None }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Eval(value) => self.eval(*value),
            Stmt::Set { var, value } => {
                self.vars.insert(*var, self.values[value]);
            }
            Stmt::Store { value, .. } => self.result = Some(self.values[value]),
            other => unreachable!("a function is straight code, without {other:?}"),
        }
    }

    fn eval(&mut self, value: ValueId) {
        let inst = &self.code.insts[value.0 as usize];
        let operand = match &inst.kind {
            InstKind::Const(scalar) => Some(self.step(Action::Const(*scalar), inst.dtype)),
            InstKind::Load { .. } => Some(Operand::Argument),
            // The region's index has none.
            InstKind::Get(var) => self.vars.get(var).copied(),
            InstKind::Op { op, args } => {
                let mut args: Vec<Operand> = args.iter().map(|arg| self.values[arg]).collect();
                if matches!(op, Op::Add | Op::Mul) && self.constant(args[0]).is_some() {
                    // Machine code takes a constant on the right from memory, in the instruction.
                    args.swap(0, 1);
                }
                let action = self.folded(*op, &args, inst.dtype);
                Some(self.step(action.unwrap_or(Action::Op(*op, args)), inst.dtype))
            }
            other => unreachable!("a function is straight code, without {other:?}"),
        };
        self.values.extend(operand.map(|operand| (value, operand)));
    }

    fn constant(&self, operand: Operand) -> Option<Scalar> {
        let Operand::Step(step) = operand else { return None };
        match self.steps[step].action {
            Action::Const(scalar) => Some(scalar),
            Action::Op(..) => None,
        }
    }

    /// The constant that an op on constants gives.
    fn folded(&self, op: Op, args: &[Operand], dtype: DType) -> Option<Action> {
        let args: Option<Vec<Scalar>> = args.iter().map(|arg| self.constant(*arg)).collect();
        eval(op, dtype, &args?).ok().map(Action::Const)
    }

    /// The step of that action: an earlier one, if there is one like it.
    fn step(&mut self, action: Action, dtype: DType) -> Operand {
        let step = Step { action, dtype };
        let known = self.steps.iter().position(|known| *known == step);
        Operand::Step(known.unwrap_or_else(|| {
            self.steps.push(step);
            self.steps.len() - 1
        }))
    }
}

/// The steps that a result needs, which comes last: it uses all others.
fn used(steps: &[Step], result: usize) -> Vec<Step> {
    let mut needed = vec![false; steps.len()];
    needed[result] = true;
    for at in (0..=result).rev() {
        match &steps[at].action {
            Action::Op(_, args) if needed[at] => args.iter().for_each(|arg| {
                if let Operand::Step(step) = arg {
                    needed[*step] = true;
                }
            }),
            _ => {}
        }
    }
    let mut kept: Vec<Step> = Vec::new();
    let mut place = vec![0; steps.len()];
    for at in (0..=result).filter(|at| needed[*at]) {
        place[at] = kept.len();
        let mut step = steps[at].clone();
        if let Action::Op(_, args) = &mut step.action {
            for arg in args {
                if let Operand::Step(step) = arg {
                    *step = place[*step];
                }
            }
        }
        kept.push(step);
    }
    kept
}
