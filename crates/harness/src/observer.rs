//! What a run tells while it goes on: for progress bars, plain lines, and saved outputs.

use std::time::Duration;

use crossover_record::Row;

use crate::verify::Outputs;

/// Watches a run. Every method has an empty default.
pub trait Observer {
    /// The run begins; it has this many rows.
    fn planned(&mut self, _rows: usize) {}

    /// A row begins: its words are those of [`label`].
    fn started(&mut self, _label: &str) {}

    /// A row was verified, found wrong, or has a reason why neither; its times come later.
    fn finished(&mut self, _row: &Row) {}

    /// The outputs of a row that was compared, right or wrong.
    fn outputs(&mut self, _row: &Row, _outputs: &Outputs) {}

    /// Samples are being taken: time spent on them so far, and the time that is set aside.
    fn sampling(&mut self, _spent: Duration, _planned: Duration) {}

    /// Something that belongs to no row.
    fn note(&mut self, _text: &str) {}
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// A row in words: `julia f32 small wgsl tuned llvmpipe`.
pub fn label(row: &Row) -> String {
    let mut words = vec![&*row.kernel, row.dtype.name(), &row.size, &row.backend, &row.variant];
    words.extend(row.adapter.as_deref());
    words.join(" ")
}

/// The file name under which an output of a row is saved:
/// `<kernel>.<dtype>.<size>.<backend>.<variant>[.<adapter>].<output>.npy`.
pub fn output_file_name(row: &Row, output: &str) -> String {
    format!("{}.{output}.npy", label(row).replace(' ', "."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests_support::row;
    use crossover_record::Status;

    #[test]
    fn saved_outputs_are_named_after_their_row() {
        let mut row = row("wgsl", Status::Verified);
        assert_eq!(output_file_name(&row, "counts"), "julia.f32.small.wgsl.exact.counts.npy");
        row.adapter = Some("llvmpipe".into());
        assert_eq!(output_file_name(&row, "u"), "julia.f32.small.wgsl.exact.llvmpipe.u.npy");
    }
}
