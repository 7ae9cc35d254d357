//! The small pictures of a record: what the reference computed, and where others differ from it.
//! Between the ends of a sweep only what is wrong is shown.

use crossover_contract::PictureScale as Scale;
use crossover_record::{PictureFile, PictureKind, PictureScale, Row, Status};
use crossover_values::{Array, DType, Scalar, Value, compare, npy};

use crate::cases::Pictures;
use crate::observer::label;
use crate::session::{CaseState, Session};
use crate::verify::{Outputs, Rule};

/// Longest axis of a picture, in elements.
const MAX_EXTENT: usize = 512;

/// Keeps the pictures of a reference's outputs.
pub(crate) fn of_result(
    session: &mut Session<'_>,
    state: &CaseState<'_>,
    row: &Row,
    outputs: &Outputs,
) {
    keep(session, state, row, PictureKind::Result, |name| {
        let (_, value) = outputs.iter().find(|(output, _)| output == name)?;
        let reduced = Reduced::of(value.as_array()?)?;
        let array = value.as_array()?;
        let mut picture = Array::zeros(DType::F32, &[reduced.height, reduced.width]);
        for at in 0..reduced.height * reduced.width {
            let first = reduced.cell(at).next()?;
            picture.set(at, Scalar::F32(array.get(first)?.as_f64() as f32));
        }
        Some((reduced, picture))
    });
}

/// Keeps the maps of elements that are not bit-equal to the reference, if there are any.
pub(crate) fn of_difference(
    session: &mut Session<'_>,
    state: &CaseState<'_>,
    row: &Row,
    reference: &Outputs,
    outputs: &Outputs,
    rule: Rule<'_>,
) {
    let differs = row.proof.as_ref().is_some_and(|p| p.differing + p.unexplained > 0);
    if !differs {
        return;
    }
    keep(session, state, row, PictureKind::Difference, |name| {
        let position = reference.iter().position(|(output, _)| output == name)?;
        let expected = reference[position].1.as_array()?;
        let got = outputs.get(position)?.1.as_array()?;
        let reduced = Reduced::of(expected)?;
        let mut picture = Array::zeros(DType::U8, &[reduced.height, reduced.width]);
        for at in 0..reduced.height * reduced.width {
            let class = |index| class(name, position, index, expected, got, rule);
            let worst = reduced.cell(at).map(class).max().unwrap_or(0);
            picture.set(at, Scalar::U32(worst));
        }
        Some((reduced, picture))
    });
}

/// 0 bit-equal, 1 different and allowed, 2 not allowed.
fn class(
    name: &str,
    position: usize,
    index: usize,
    expected: &Array,
    got: &Array,
    rule: Rule<'_>,
) -> u32 {
    let (Some(reference), Some(value)) = (expected.get(index), got.get(index)) else { return 2 };
    if compare::same(reference, value) {
        return 0;
    }
    match rule {
        Rule::Exact => 2,
        Rule::Bounded(judges) => {
            let judge = judges.get(position);
            let allowed = judge.and_then(|judge| judge.element(name, index, reference).ok());
            if allowed.is_some_and(|allowed| allowed.contains(reference, value)) { 1 } else { 2 }
        }
    }
}

/// Adds the pictures that the kernel's definition asks for and `draw` can make.
fn keep(
    session: &mut Session<'_>,
    state: &CaseState<'_>,
    row: &Row,
    kind: PictureKind,
    draw: impl Fn(&str) -> Option<(Reduced, Array)>,
) {
    if state.planned.pictures == Pictures::Wrong && row.status != Status::Wrong {
        return;
    }
    for wanted in &state.planned.subject.kernel.definition.pictures {
        let Some((reduced, array)) = draw(&wanted.output) else { continue };
        let word = match kind {
            PictureKind::Result => "result",
            PictureKind::Difference => "difference",
        };
        let file = file_name(row, &wanted.output, word);
        let Some(bytes) = file_bytes(session, &array) else { continue };
        session.pictures.retain(|(known, _)| known.file != file);
        let picture = PictureFile {
            kernel: row.kernel.clone(),
            dtype: row.dtype,
            size: row.size.clone(),
            output: wanted.output.clone(),
            backend: row.backend.clone(),
            variant: row.variant.clone(),
            adapter: row.adapter.clone(),
            kind,
            file,
            width: reduced.width,
            height: reduced.height,
            full: reduced.full,
            caption: wanted.caption.clone(),
            scale: match wanted.scale {
                Scale::Linear => PictureScale::Linear,
                Scale::Log => PictureScale::Log,
            },
        };
        session.pictures.push((picture, bytes));
    }
}

/// A name that records accept whatever a user calls kernels and variants.
fn file_name(row: &Row, output: &str, kind: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '.' };
    let name = format!("{} {output} {kind}.npy", label(row));
    name.chars().map(plain).collect()
}

/// The bytes of an array's `.npy` file. A picture that cannot be written to the private folder is
/// left out: it shows a proof, it is none.
fn file_bytes(session: &Session<'_>, array: &Array) -> Option<Vec<u8>> {
    let path = session.private.join("picture.npy");
    npy::write(&path, &Value::Array(array.clone())).ok()?;
    std::fs::read(&path).ok()
}

/// A two-dimensional output cut into cells of `step` by `step` elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reduced {
    full: [usize; 2],
    step: usize,
    width: usize,
    height: usize,
}

impl Reduced {
    fn of(array: &Array) -> Option<Reduced> {
        let &[rows, columns] = array.shape() else { return None };
        if rows == 0 || columns == 0 {
            return None;
        }
        let step = rows.max(columns).div_ceil(MAX_EXTENT);
        let (width, height) = (columns.div_ceil(step), rows.div_ceil(step));
        Some(Reduced { full: [rows, columns], step, width, height })
    }

    /// Flat indices of the output's elements in a cell, the upper left one first.
    fn cell(self, at: usize) -> impl Iterator<Item = usize> {
        let [rows, columns] = self.full;
        let (row, column) = (at / self.width * self.step, at % self.width * self.step);
        let (last_row, last_column) =
            ((row + self.step).min(rows), (column + self.step).min(columns));
        (row..last_row).flat_map(move |r| (column..last_column).map(move |c| r * columns + c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cover_every_element_once() {
        for shape in [[3, 5], [512, 512], [1000, 1000], [513, 2], [1, 2000]] {
            let reduced = Reduced::of(&Array::zeros(DType::U8, &shape)).unwrap();
            assert!(reduced.width <= MAX_EXTENT && reduced.height <= MAX_EXTENT);
            let mut seen = vec![0_u8; shape[0] * shape[1]];
            for at in 0..reduced.width * reduced.height {
                reduced.cell(at).for_each(|index| seen[index] += 1);
            }
            assert!(seen.iter().all(|&count| count == 1), "{shape:?}");
        }
        assert_eq!(Reduced::of(&Array::zeros(DType::U8, &[0, 4])), None);
        assert_eq!(Reduced::of(&Array::zeros(DType::U8, &[4])), None);
    }

    #[test]
    fn a_single_differing_element_is_seen_in_a_large_output() {
        let expected = Array::zeros(DType::I32, &[1200, 1200]);
        let mut got = expected.clone();
        got.set(1199 * 1200 + 7, Scalar::I32(1));
        let reduced = Reduced::of(&expected).unwrap();
        let worst =
            |at| reduced.cell(at).map(|i| class("a", 0, i, &expected, &got, Rule::Exact)).max();
        let marked = (0..reduced.width * reduced.height).filter(|&at| worst(at) == Some(2)).count();
        assert_eq!(marked, 1);
    }
}
