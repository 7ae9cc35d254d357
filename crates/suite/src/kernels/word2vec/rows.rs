//! Rows of a matrix as slices of their own: whoever holds one is alone with it.

use crossover_contract::NativeError;

/// The rows of a matrix, each in its place or out on loan.
pub(super) struct Rows<'a, T>(Vec<Option<&'a mut [T]>>);

impl<'a, T> Rows<'a, T> {
    pub(super) fn of(matrix: &'a mut [T], dimension: usize) -> Rows<'a, T> {
        Rows(matrix.chunks_exact_mut(dimension).map(Some).collect())
    }

    /// Takes rows out, in the order given; each may be out once.
    pub(super) fn take(&mut self, rows: &[i32]) -> Result<Vec<&'a mut [T]>, NativeError> {
        let row = |&row: &i32| self.0[row as usize].take();
        rows.iter().map(row).collect::<Option<Vec<_>>>().ok_or_else(|| {
            NativeError::Refused(
                "two pairs of a batch share a row, so they have an order".to_owned(),
            )
        })
    }

    pub(super) fn put_back(&mut self, places: &[i32], rows: Vec<&'a mut [T]>) {
        for (&place, row) in places.iter().zip(rows) {
            self.0[place as usize] = Some(row);
        }
    }
}
