//! Training without order is judged by the loss that it reaches.
//!
//! Which pair of several that share a row comes first is then open, as is whether a step sees or
//! overwrites another's, so an element may be anything finite. What has to come out is a model: the
//! mean negative log likelihood of all pairs may be off from the reference's by [`SHARE`] of what the
//! reference has learnt. That is 0 for equal results, the whole for one that learns nothing, and half
//! of it for half the rate.

use crossover_contract::{Allowed, AllowedElements, Measured, PolicyInput};
use crossover_values::{DType, Scalar, Value};

use super::carried::table_error;
use super::{Weight, array, step, training};

/// An order changes a step by what the steps that it changes places with do to its rows: a rate times
/// a share of the row, so it is an effect of second order. After forty batches in reverse order the loss is
/// off by less than half of this, the tests show it.
pub(super) const SHARE: f64 = 0.1;

/// The judge of the order `free`.
pub(super) struct OrderFree {
    centres: Vec<i32>,
    targets: Vec<i32>,
    samples: usize,
    dimension: usize,
    dtype: DType,
    /// Before the first step.
    start: f64,
    table_errors: Vec<f64>,
}

impl OrderFree {
    /// The judge of a case; `None` for arguments of another kind.
    pub(super) fn of<T: Weight>(input: &PolicyInput<'_>, u: f64) -> Option<OrderFree> {
        let mut arguments = input.arguments.to_vec();
        let training = training::<T>(&mut arguments).ok()?;
        step::fill_table(training.table);
        let entries = training.table.iter().enumerate();
        let mut judge = OrderFree {
            centres: training.centres.to_vec(),
            targets: training.targets.to_vec(),
            samples: training.samples,
            dimension: training.dimension,
            dtype: input.dtype,
            start: 0.0,
            table_errors: entries.map(|(i, &entry)| table_error(i, entry.into(), u)).collect(),
        };
        judge.start = judge.loss(training.inputs, training.outputs);
        Some(judge)
    }

    /// The mean of -ln s(f) over neighbours and of -ln s(-f) over noise, s the sigmoid.
    fn loss<T: Weight>(&self, inputs: &[T], outputs: &[T]) -> f64 {
        let row = |row: i32| row as usize * self.dimension..(row as usize + 1) * self.dimension;
        let mut sum = 0.0;
        for (&word, targets) in self.centres.iter().zip(self.targets.chunks_exact(self.samples)) {
            for (k, &target) in targets.iter().enumerate() {
                let f: f64 = step::dot(&inputs[row(word)], &outputs[row(target)]).into();
                let likely = if k == 0 { f } else { -f };
                sum += (-likely).max(0.0) + (-likely.abs()).exp().ln_1p();
            }
        }
        sum / self.targets.len() as f64
    }

    /// Of outputs by name; not a number where a matrix is missing or of another kind.
    fn reached(&self, outputs: &[(String, Value)]) -> f64 {
        let find =
            |wanted: &str| outputs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        let (Some(inputs), Some(outputs)) = (find("inputs"), find("outputs")) else {
            return f64::NAN;
        };
        let loss = match self.dtype {
            DType::F32 => self.loss_of::<f32>(inputs, outputs),
            _ => self.loss_of::<f64>(inputs, outputs),
        };
        loss.unwrap_or(f64::NAN)
    }

    fn loss_of<T: Weight>(&self, inputs: &Value, outputs: &Value) -> Option<f64> {
        Some(self.loss(array::<T>(inputs, 0).ok()?, array::<T>(outputs, 1).ok()?))
    }
}

impl AllowedElements for OrderFree {
    fn element(&self, output: &str, index: usize, _: Scalar) -> Allowed {
        match (output, self.table_errors.get(index)) {
            ("table", Some(&error)) => Allowed::Within(error),
            ("table", None) => Allowed::Exact,
            _ => Allowed::Within(f64::MAX),
        }
    }

    fn measure(&self, reference: &[(String, Value)], got: &[(String, Value)]) -> Option<Measured> {
        let (reference, got) = (self.reached(reference), self.reached(got));
        let bound = SHARE * (self.start - reference).abs();
        Some(Measured { name: "loss".to_owned(), reference, got, bound })
    }
}
