//! What the analysis took for granted, as tests on registers.

use crossover_ir::lanes::{Guard, Shape};
use crossover_ir::{InstKind, Op, ValueId};

use super::Compiler;
use crate::lanes::span::{Term, Test};
use crate::unit::Input;

impl Compiler<'_> {
    pub(super) fn guards(&mut self) {
        for guard in &self.lanes.guards {
            let test = self.guard(*guard);
            if !self.out.tests.contains(&test) {
                self.out.tests.push(test);
            }
        }
    }

    fn term(&self, value: ValueId) -> Term {
        let step = match self.shape(value) {
            Shape::Affine(step) => step,
            Shape::Uniform | Shape::Varying => 0,
        };
        Term { register: self.value_register(value), dtype: self.dtype(value), step }
    }

    fn operands(&self, value: ValueId) -> (Op, Vec<ValueId>) {
        match &self.code.insts[value.0 as usize].kind {
            InstKind::Op { op, args } => (*op, args.clone()),
            other => unreachable!("a guard names an op, not {other:?}"),
        }
    }

    fn guard(&mut self, guard: Guard) -> Test {
        match guard {
            Guard::SamePeriod { value } | Guard::SameQuotient { value } => {
                let (_, args) = self.operands(value);
                Test::Period(self.term(args[0]), self.term(args[1]))
            }
            Guard::SameTruth { value } => {
                let (op, args) = self.operands(value);
                Test::Truth { op, a: self.term(args[0]), b: self.term(args[1]), required: None }
            }
            Guard::Chosen { value, chosen } => self.chosen(value, chosen),
            Guard::NoWrap { value } => Test::NoWrap(self.term(value)),
            Guard::Inside { value, array, axis } | Guard::InsideAll { value, array, axis } => {
                let extent = self.input(Input::Extent(array, axis));
                Test::Inside(self.term(value), extent)
            }
        }
    }

    /// `min(a, b)` is `b if b < a else a`, `max(a, b)` is `b if a < b else a`.
    fn chosen(&mut self, value: ValueId, chosen: ValueId) -> Test {
        let (op, args) = self.operands(value);
        if op == Op::Select {
            return Test::Is(self.value_register(args[0]), chosen == args[1]);
        }
        let second = chosen != args[0];
        let (a, b) = (self.term(args[0]), self.term(args[1]));
        let (a, b) = if op == Op::Min { (b, a) } else { (a, b) };
        Test::Truth { op: Op::Lt, a, b, required: Some(second) }
    }
}
