//! Which scores and rows may stand at a rank on a device that sums in another order.

use crossover_contract::{Allowed, AllowedElements, PolicyInput};
use crossover_values::{DType, Scalar, Value};

use super::ranking::order;
use super::score::all;
use super::{Ranked, search};
use crate::arguments::Real;

/// The policy.
pub(super) fn decided(input: &PolicyInput<'_>) -> Box<dyn AllowedElements> {
    let ranking = match input.dtype {
        DType::F32 => ranking::<f32>(input.arguments, f64::from(f32::EPSILON)),
        DType::F64 => ranking::<f64>(input.arguments, f64::EPSILON),
        DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::I64 | DType::U64 => None,
    };
    Box::new(ranking.unwrap_or_default())
}

/// What is allowed at each rank; beyond them no difference is explained.
#[derive(Default)]
struct Ranking {
    scores: Vec<f64>,
    rows: Vec<Vec<i64>>,
}

impl AllowedElements for Ranking {
    fn element(&self, output: &str, index: usize, _: Scalar) -> Allowed {
        if output == "best" {
            return self.scores.get(index).map_or(Allowed::Exact, |&error| Allowed::Within(error));
        }
        match self.rows.get(index).map(Vec::as_slice) {
            Some([]) | None => Allowed::Exact,
            Some(rows) => Allowed::Set(rows.to_vec()),
        }
    }
}

fn ranking<T: Real + Into<f64>>(arguments: &[Value], u: f64) -> Option<Ranking> {
    let [best, _, rows, query] = arguments else { return None };
    let k = best.as_array()?.shape().first().copied()?;
    let search = search::<T>(rows, query, k).ok()?;
    // Both errors, in parts of a score; one more operation for terms of second order.
    let part = 1.5 * (search.query.len() + 1) as f64 * u;
    let mut ranked: Vec<Ranked<T>> = all(search);
    ranked.sort_unstable_by(order);
    let score = |ranked: &Ranked<T>| -> f64 { ranked.score.into() };
    let mut ranking = Ranking::default();
    for at in 0..k {
        let here = score(&ranked[at]);
        // A device's score of this rank is within its error, and so is that of the row it names.
        let near = |other: &&Ranked<T>| (score(other) - here).abs() <= part * (score(other) + here);
        let before = ranked[..at].iter().rev().take_while(near);
        let after = ranked[at..].iter().take_while(near);
        let mut rows: Vec<i64> = before.chain(after).map(|ranked| ranked.row as i64).collect();
        rows.sort_unstable();
        ranking.scores.push(part * here);
        ranking.rows.push(rows);
    }
    Some(ranking)
}
