//! One running reduction, in the language's order.

use crossover_values::Scalar;

use crate::ReduceOp;
use crate::fold::{BLOCK, PARTIALS, Pairwise, fold_partials};

/// A reduction while its loop runs.
#[derive(Clone, Debug)]
pub(super) struct Accumulator {
    op: ReduceOp,
    /// The value before the loop (ordered), or the running value.
    value: Scalar,
    payload: Vec<Scalar>,
    ordered: Option<Ordered>,
}

/// Rule 11's state.
#[derive(Clone, Debug)]
struct Ordered {
    partials: [Scalar; PARTIALS],
    blocks: Pairwise<Scalar>,
    iteration: u64,
    begun: bool,
}

impl Accumulator {
    /// Starts from the values before the loop.
    pub(super) fn new(op: ReduceOp, value: Scalar, payload: Vec<Scalar>) -> Accumulator {
        let ordered = op.is_ordered(value.dtype()).then(|| Ordered {
            partials: [op.identity(value.dtype()); PARTIALS],
            blocks: Pairwise::default(),
            iteration: 0,
            begun: false,
        });
        Accumulator { op, value, payload, ordered }
    }

    /// An iteration begins; they come in order, from 0.
    pub(super) fn begin(&mut self, iteration: u64) {
        let op = self.op;
        let Some(ordered) = &mut self.ordered else { return };
        if iteration > 0 && iteration.is_multiple_of(BLOCK) {
            ordered.close(op);
        }
        ordered.iteration = iteration;
        ordered.begun = true;
    }

    /// A contribution of the present iteration.
    pub(super) fn contribute(&mut self, value: Scalar, payload: Vec<Scalar>) {
        let op = self.op;
        if let Some(ordered) = &mut self.ordered {
            let partial = &mut ordered.partials[(ordered.iteration % PARTIALS as u64) as usize];
            *partial = op.combine(*partial, value);
            return;
        }
        match op {
            ReduceOp::ArgMin | ReduceOp::ArgMax => {
                let wins =
                    crate::eval(op.op(), crossover_values::DType::Bool, &[value, self.value]);
                if wins == Ok(Scalar::Bool(true)) {
                    (self.value, self.payload) = (value, payload);
                }
            }
            _ => self.value = op.combine(self.value, value),
        }
    }

    /// Values after the loop: target and payload.
    pub(super) fn finish(self) -> (Scalar, Vec<Scalar>) {
        let op = self.op;
        let Some(mut ordered) = self.ordered.filter(|ordered| ordered.begun) else {
            return (self.value, self.payload);
        };
        ordered.close(op);
        let combine = |a, b| op.combine(a, b);
        let folded = ordered.blocks.finish(combine).expect("a block was closed");
        (op.combine(self.value, folded), self.payload)
    }
}

impl Ordered {
    /// Ends a block.
    fn close(&mut self, op: ReduceOp) {
        let combine = |a, b| op.combine(a, b);
        self.blocks.push(fold_partials(&self.partials, combine), combine);
        self.partials = [op.identity(self.partials[0].dtype()); PARTIALS];
    }
}
