//! Heat on a grid, what the kernels about it share: the arguments of a call, the rule for a row,
//! and the variants that walk the grid by rows.
//!
//! Every step does the references' operations on a cell in the references' order, so all variants
//! give their bits.

pub(crate) mod rows;
pub(crate) mod waves;

use crossover_contract::{NativeCall, NativeError};

use crate::arguments::{Real, array_mut, by_instance, scalar, shape2};

/// What lies beyond the rim of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rim {
    /// The other side.
    Torus,
    /// Nothing: the outermost cells stay as they are.
    Fixed,
}

/// The arguments of one call. No axis is empty.
pub(crate) struct Field<'a, T> {
    /// Row-major.
    pub(crate) u: &'a mut [T],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) rim: Rim,
    pub(crate) steps: usize,
    pub(crate) rate: T,
}

impl<T: Real> Field<'_, T> {
    /// What is done to the rows.
    fn rule(&self) -> Rule<T> {
        Rule { rate: self.rate, rim: self.rim, rows: self.rows }
    }
}

/// One cell after a step: `around` holds north, south, west, east.
#[inline(always)]
pub(crate) fn cell<T: Real>(rate: T, here: T, around: [T; 4]) -> T {
    let [north, south, west, east] = around;
    let around = north + south + west + east;
    here + rate * (around - T::from_f64(4.0) * here)
}

/// The rule for a row.
#[derive(Clone, Copy)]
struct Rule<T> {
    rate: T,
    rim: Rim,
    /// Rows of the grid.
    rows: usize,
}

impl<T: Real> Rule<T> {
    /// Whether a row of the grid stays as it is.
    #[inline(always)]
    fn stays(self, row: usize) -> bool {
        self.rim == Rim::Fixed && (row == 0 || row + 1 == self.rows)
    }

    /// A row after a step, from itself and the rows on both sides.
    ///
    /// No index is wrapped inside and no bound is checked, so that the compiler makes vectors of it.
    #[inline(always)]
    fn row(self, [north, here, south]: [&[T]; 3], out: &mut [T]) {
        let columns = out.len();
        let (north, here, south) = (&north[..columns], &here[..columns], &south[..columns]);
        let (rate, last) = (self.rate, columns - 1);
        let edge = |column: usize, west: usize, east: usize| {
            let around = [north[column], south[column], here[west], here[east]];
            cell(rate, here[column], around)
        };
        (out[0], out[last]) = match self.rim {
            Rim::Torus => (edge(0, last, 1.min(last)), edge(last, last.saturating_sub(1), 0)),
            Rim::Fixed => (here[0], here[last]),
        };
        if columns > 2 {
            let inner = columns - 2;
            let (west, east) = (&here[..inner], &here[2..]);
            let (here, north, south) =
                (&here[1..][..inner], &north[1..][..inner], &south[1..][..inner]);
            let out = &mut out[1..][..inner];
            for column in 0..inner {
                let around = [north[column], south[column], west[column], east[column]];
                out[column] = cell(rate, here[column], around);
            }
        }
    }
}

/// Runs the form of a variant that fits the instance. A field without cells stays as it is.
///
/// # Errors
/// [`NativeError`] if the arguments are not a matrix, a number of steps and a rate.
pub(crate) fn by_instance(
    call: &mut NativeCall<'_>,
    rim: Rim,
    f32: fn(Field<'_, f32>),
    f64: fn(Field<'_, f64>),
) -> Result<(), NativeError> {
    by_instance!(
        call,
        field(call, rim)?.into_iter().for_each(f32),
        field(call, rim)?.into_iter().for_each(f64)
    )
}

fn field<'a, T: Real>(
    call: &'a mut NativeCall<'_>,
    rim: Rim,
) -> Result<Option<Field<'a, T>>, NativeError> {
    let given = call.arguments.len();
    let [u, steps, rate] = &mut *call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let [rows, columns] = shape2(u, 0)?;
    let steps = usize::try_from(scalar::<i32>(steps, 1)?).unwrap_or(0);
    let rate = scalar(rate, 2)?;
    let u = array_mut(u, 0)?;
    Ok((!u.is_empty()).then_some(Field { u, rows, columns, rim, steps, rate }))
}
