//! How far each element of both matrices may be from the reference's: its steps replayed with the
//! errors that a device may make.
//!
//! u is 2^-23 or 2^-52. A device rounds an operation by at most u of its result, the reference by
//! half of that: 1.5 u together.

use crossover_contract::{Allowed, AllowedElements, PolicyInput};
use crossover_values::{DType, Scalar, Value};

use super::loss::OrderFree;
use super::step::{self, ENTRIES, LIMIT};
use super::{FREE, Training, Weight, training};

const OPERATION: f64 = 1.5;

/// The policy: allowed distances of every element of the three outputs, or, without order, of the
/// loss.
pub(super) fn carried(input: &PolicyInput<'_>) -> Box<dyn AllowedElements> {
    if input.case.parameters.get("order") == Some(&FREE) {
        let judge = match input.dtype {
            DType::F32 => OrderFree::of::<f32>(input, f64::from(f32::EPSILON)),
            _ => OrderFree::of::<f64>(input, f64::EPSILON),
        };
        // Without a judge nothing is allowed.
        return judge.map_or_else(
            || Box::new(Errors::default()) as Box<dyn AllowedElements>,
            |judge| Box::new(judge),
        );
    }
    let mut arguments = input.arguments.to_vec();
    let errors = match input.dtype {
        DType::F32 => replay::<f32>(&mut arguments, f64::from(f32::EPSILON)),
        DType::F64 => replay::<f64>(&mut arguments, f64::EPSILON),
        DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::I64 | DType::U64 => None,
    };
    Box::new(errors.unwrap_or_default())
}

/// Allowed distances; where there is none, no difference is explained.
#[derive(Default)]
struct Errors {
    inputs: Vec<f64>,
    outputs: Vec<f64>,
    table: Vec<f64>,
}

impl AllowedElements for Errors {
    fn element(&self, output: &str, index: usize, _: Scalar) -> Allowed {
        let errors = match output {
            "inputs" => &self.inputs,
            "outputs" => &self.outputs,
            _ => &self.table,
        };
        errors.get(index).map_or(Allowed::Exact, |&error| Allowed::Within(error))
    }
}

fn replay<T: Weight>(arguments: &mut [Value], u: f64) -> Option<Errors> {
    let training = training::<T>(arguments).ok()?;
    let mut errors = Errors {
        inputs: vec![0.0; training.inputs.len()],
        outputs: vec![0.0; training.outputs.len()],
        table: vec![0.0; training.table.len()],
    };
    step::fill_table(training.table);
    for (i, error) in errors.table.iter_mut().enumerate() {
        *error = table_error(i, training.table[i].into(), u);
    }
    let Training { inputs, outputs, table, centres, targets, samples, dimension, rate, .. } =
        training;
    let lookup = Lookup { table, errors: &errors.table, rate, u };
    for (&word, targets) in centres.iter().zip(targets.chunks_exact(samples)) {
        let own = word as usize * dimension..(word as usize + 1) * dimension;
        let word = Row { values: &mut inputs[own.clone()], errors: &mut errors.inputs[own] };
        let mut changes = vec![(T::from_f64(0.0), 0.0); dimension];
        for (k, &row) in targets.iter().enumerate() {
            let at = row as usize * dimension..(row as usize + 1) * dimension;
            let mut row = Row { values: &mut outputs[at.clone()], errors: &mut errors.outputs[at] };
            lookup.target(&word, &mut row, k, &mut changes);
        }
        for (i, &(change, error)) in changes.iter().enumerate() {
            word.values[i] = word.values[i] + change;
            let rounding = OPERATION * u * word.values[i].into().abs();
            word.errors[i] = widen(word.errors[i] + error + rounding);
        }
    }
    Some(errors)
}

/// Of an entry of the table. Its argument x = 6 - i * step has two roundings of numbers up to 12
/// and 6; exp adds (3 + 2|x|) + 1 to the relative error of its result, which the sigmoid s takes
/// with s (1 - s); then an addition and a division.
pub(super) fn table_error(i: usize, s: f64, u: f64) -> f64 {
    let x = LIMIT - i as f64 * 0.012;
    let argument = OPERATION * (12.0 + 6.0);
    let exp = 4.0 + 2.0 * x.abs();
    widen(u * (s * (1.0 - s) * (argument + exp) + s * (OPERATION + 3.0)))
}

/// Room for terms of second order, and for values flushed to zero.
fn widen(error: f64) -> f64 {
    error * 1.0001 + 1e-36
}

/// A row with its errors.
struct Row<'a, T> {
    values: &'a mut [T],
    errors: &'a mut [f64],
}

/// The table, with everything that a step depends on.
struct Lookup<'a, T> {
    table: &'a [T],
    errors: &'a [f64],
    rate: T,
    u: f64,
}

impl<T: Weight> Lookup<'_, T> {
    /// The step of one target, as the reference does it, and what a device may differ by.
    fn target(&self, word: &Row<'_, T>, row: &mut Row<'_, T>, k: usize, changes: &mut [(T, f64)]) {
        let u = self.u;
        let f = step::dot(word.values, row.values);
        let f_error = self.dot_error(word, row);
        let s = step::sigmoid(self.table, f);
        let label = T::from_f64(if k == 0 { 1.0 } else { 0.0 });
        let g = (label - s) * self.rate;
        let (step, rate) = (g.into().abs(), self.rate.into().abs());
        let g_error = rate * (self.sigmoid_error(f, f_error, s.into()) + OPERATION * u)
            + OPERATION * u * step;
        for (i, (change, change_error)) in changes.iter_mut().enumerate() {
            let (a, b) = (word.values[i], row.values[i]);
            let (a_error, b_error) = (word.errors[i], row.errors[i]);
            let (a_size, b_size) = (a.into().abs(), b.into().abs());
            *change = *change + g * b;
            row.values[i] = b + g * a;
            let product = step * b_error + (b_size + b_error) * g_error;
            let rounding = OPERATION * u * (step * b_size + (*change).into().abs());
            *change_error = widen(*change_error + product + rounding);
            let product = step * a_error + (a_size + a_error) * g_error;
            let rounding = OPERATION * u * (step * a_size + row.values[i].into().abs());
            row.errors[i] = widen(b_error + product + rounding);
        }
    }

    /// Of a dot product in any order, fused or not: a rounding for each product and each addition
    /// of what passes through it, at most the sum of absolute values.
    fn dot_error(&self, word: &Row<'_, T>, row: &Row<'_, T>) -> f64 {
        let (mut size, mut inherited) = (0.0, 0.0);
        let values = word.values.iter().zip(row.values.iter());
        let errors = word.errors.iter().zip(row.errors.iter());
        for ((&a, &b), (a_error, b_error)) in values.zip(errors) {
            let (a, b) = (a.into().abs(), b.into().abs());
            size += a * b;
            inherited += a * b_error + (b + b_error) * a_error;
        }
        // The reference's longest chain is n / 16 + 4 additions.
        let n = word.values.len() as f64;
        inherited + self.u * (size + inherited) * (n + 0.5 * (n / 16.0 + 6.0))
    }

    /// How far the table's answer may be from `s` if the dot product is off by `error`.
    fn sigmoid_error(&self, f: T, error: f64, s: f64) -> f64 {
        let u = self.u;
        let place: f64 = step::place(f).into();
        let f: f64 = f.into();
        let per_unit = ENTRIES as f64 / (2.0 * LIMIT);
        let reach =
            per_unit * (error + OPERATION * u * (f.abs() + LIMIT)) + OPERATION * u * place.abs();
        let entry = |place: f64| (place.max(0.0) as usize).min(ENTRIES - 1);
        let (first, last) = (entry(place - reach), entry(place + reach));
        let value = |entry: usize| -> f64 { self.table[entry].into() };
        let lowest = if f - error <= -LIMIT { 0.0 } else { value(first) };
        let highest = if f + error >= LIMIT { 1.0 } else { value(last) };
        (s - lowest).max(highest - s) + self.errors[first].max(self.errors[last])
    }
}
