//! Known answers: what is looked at in an output, and when the value found is right.

use crossover_values::{Array, Scalar, Value};

use crate::{Allowed, Answer, AnswerRule, Number};

/// What is looked at in an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Sum of the elements.
    Sum,
    /// Sum of their squares.
    SumSquares,
    /// Least element.
    Min,
    /// Largest element.
    Max,
    /// Number of non-zero elements.
    Count,
    /// One element.
    At(Vec<usize>),
}

/// A probe cannot be read or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// Unknown text.
    #[error("`{0}` is no probe; one of sum, sum_squares, min, max, count, at[i] and at[i,j]")]
    Unknown(String),
    /// An index outside the output, or an output without elements.
    #[error("probe `{probe}` has no element in an output of shape {shape:?}")]
    NoElement {
        /// The probe.
        probe: String,
        /// The output's extents.
        shape: Vec<usize>,
    },
    /// The expected value is no number.
    #[error("`{0}` is no number")]
    Number(String),
}

/// A known answer, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerOutcome {
    /// Its name.
    pub name: String,
    /// The expected value as written.
    pub expected: String,
    /// The value found.
    pub got: String,
    /// Whether it is right.
    pub ok: bool,
}

impl Probe {
    /// Reads a probe.
    ///
    /// # Errors
    /// [`ProbeError::Unknown`].
    pub fn parse(text: &str) -> Result<Probe, ProbeError> {
        let unknown = || ProbeError::Unknown(text.to_owned());
        Ok(match text {
            "sum" => Probe::Sum,
            "sum_squares" => Probe::SumSquares,
            "min" => Probe::Min,
            "max" => Probe::Max,
            "count" => Probe::Count,
            other => {
                let inside = other.strip_prefix("at[").and_then(|rest| rest.strip_suffix(']'));
                let indices = inside.ok_or_else(unknown)?.split(',').map(|i| i.trim().parse());
                Probe::At(indices.collect::<Result<_, _>>().map_err(|_| unknown())?)
            }
        })
    }

    fn indices(&self, shape: &[usize], len: usize) -> Result<Vec<usize>, ProbeError> {
        let none = || ProbeError::NoElement { probe: format!("{self:?}"), shape: shape.to_vec() };
        match self {
            Probe::At(at) => {
                let fits = at.len() == shape.len() && at.iter().zip(shape).all(|(i, e)| i < e);
                let flat = at.iter().zip(shape).fold(0, |flat, (i, extent)| flat * extent + i);
                if fits { Ok(vec![flat]) } else { Err(none()) }
            }
            Probe::Min | Probe::Max if len == 0 => Err(none()),
            Probe::Sum | Probe::SumSquares | Probe::Min | Probe::Max | Probe::Count => {
                Ok((0..len).collect())
            }
        }
    }

    /// The probe over exact integers (a `bool` counts as 0 or 1), if every element is one.
    fn exact(&self, elements: &[Scalar]) -> Option<i128> {
        let integer = |scalar: &Scalar| match scalar {
            Scalar::Bool(value) => Some(i128::from(*value)),
            other => other.as_integer(),
        };
        let values = elements.iter().map(integer).collect::<Option<Vec<i128>>>()?;
        match self {
            Probe::Sum => Some(values.iter().sum()),
            Probe::SumSquares => {
                values.iter().try_fold(0_i128, |sum, v| sum.checked_add(v.checked_mul(*v)?))
            }
            Probe::Min => values.iter().min().copied(),
            Probe::Max => values.iter().max().copied(),
            Probe::Count => i128::try_from(values.iter().filter(|&&v| v != 0).count()).ok(),
            Probe::At(_) => values.first().copied(),
        }
    }

    /// The probe over floats; sums are pairwise. A NaN anywhere gives NaN.
    fn float(&self, values: &[f64]) -> f64 {
        let nan = values.iter().any(|value| value.is_nan());
        let fold = |start: f64, pick: fn(f64, f64) -> f64| {
            if nan { f64::NAN } else { values.iter().copied().fold(start, pick) }
        };
        match self {
            Probe::Sum => pairwise(values, &|value| value),
            Probe::SumSquares => pairwise(values, &|value| value * value),
            Probe::Min => fold(f64::INFINITY, f64::min),
            Probe::Max => fold(f64::NEG_INFINITY, f64::max),
            Probe::Count if nan => f64::NAN,
            Probe::Count => values.iter().filter(|&&value| value != 0.0).count() as f64,
            Probe::At(_) => values.first().copied().unwrap_or(f64::NAN),
        }
    }

    /// Least and largest value of the probe when each element may be anything between its ends.
    fn ends(&self, ends: &[(f64, f64)]) -> (f64, f64) {
        let squares = |(lo, hi): (f64, f64)| {
            let (a, b) = (lo * lo, hi * hi);
            (if lo <= 0.0 && hi >= 0.0 { 0.0 } else { a.min(b) }, a.max(b))
        };
        let counts = |(lo, hi): (f64, f64)| {
            let zero_inside = lo <= 0.0 && hi >= 0.0;
            (f64::from(u8::from(!zero_inside)), f64::from(u8::from(lo != 0.0 || hi != 0.0)))
        };
        let (mapped, probe): (Vec<(f64, f64)>, Probe) = match self {
            Probe::SumSquares => (ends.iter().copied().map(squares).collect(), Probe::Sum),
            Probe::Count => (ends.iter().copied().map(counts).collect(), Probe::Sum),
            Probe::Sum | Probe::Min | Probe::Max | Probe::At(_) => (ends.to_vec(), self.clone()),
        };
        let side = |pick: fn(&(f64, f64)) -> f64| mapped.iter().map(pick).collect::<Vec<f64>>();
        (probe.float(&side(|end| end.0)), probe.float(&side(|end| end.1)))
    }
}

fn pairwise(values: &[f64], map: &dyn Fn(f64) -> f64) -> f64 {
    if values.len() <= 32 {
        return values.iter().fold(0.0, |sum, &value| sum + map(value));
    }
    let (left, right) = values.split_at(values.len() / 2);
    pairwise(left, map) + pairwise(right, map)
}

/// Checks a known answer on one output of a row.
///
/// `allowed` says what each element (flat index, reference's element) may be; a bit-exact row
/// passes a function that always gives [`Allowed::Exact`]. `slack` is the value of
/// [`Answer::slack`]. The answer is right if the value found, and the expected one, both lie in
/// what the allowed differences let the probe be, widened by the precision claimed and the slack.
///
/// # Errors
/// [`ProbeError`].
pub fn judge_answer(
    answer: &Answer,
    output: &Value,
    reference: &Value,
    allowed: &dyn Fn(usize, Scalar) -> Allowed,
    slack: f64,
) -> Result<AnswerOutcome, ProbeError> {
    let probe = Probe::parse(&answer.probe)?;
    let got = probe_elements(&probe, output)?;
    let reference = probe_elements(&probe, reference)?;
    let expected = answer.value.text();
    let (got_text, ok) = match (probe.exact(&scalars(&got)), answer.value.integer()) {
        (Some(found), Some(wanted)) if all_exact(&reference, allowed) => {
            (found.to_string(), found == wanted)
        }
        (found, _) => {
            let value = found.map_or_else(|| probe.float(&floats(&got)), |found| found as f64);
            let text = found.map_or_else(|| format!("{value:?}"), |found| found.to_string());
            let ends = reference.iter().map(|&(index, r)| allowed(index, r).ends(r));
            let (lo, hi) = probe.ends(&ends.collect::<Vec<_>>());
            let wanted = answer.value.float()?;
            let margin = match answer.rule {
                AnswerRule::Exact => 0.0,
                AnswerRule::Bound => answer.value.half_unit() + slack,
            };
            let within = |value: f64| lo - margin <= value && value <= hi + margin;
            (text, within(value) && within(wanted))
        }
    };
    Ok(AnswerOutcome { name: answer.name.clone(), expected, got: got_text, ok })
}

fn all_exact(reference: &[(usize, Scalar)], allowed: &dyn Fn(usize, Scalar) -> Allowed) -> bool {
    reference.iter().all(|&(index, element)| !allowed(index, element).is_wider(element))
}

fn scalars(elements: &[(usize, Scalar)]) -> Vec<Scalar> {
    elements.iter().map(|(_, scalar)| *scalar).collect()
}

fn floats(elements: &[(usize, Scalar)]) -> Vec<f64> {
    elements.iter().map(|(_, scalar)| scalar.as_f64()).collect()
}

fn probe_elements(probe: &Probe, output: &Value) -> Result<Vec<(usize, Scalar)>, ProbeError> {
    match output {
        Value::Scalar(scalar) => {
            let indices = match probe {
                Probe::At(_) => probe.indices(&[], 1)?,
                _ => vec![0],
            };
            Ok(indices.into_iter().map(|index| (index, *scalar)).collect())
        }
        Value::Array(array) => {
            let indices = probe.indices(array.shape(), array.len())?;
            Ok(indices.into_iter().filter_map(|index| pair(array, index)).collect())
        }
    }
}

fn pair(array: &Array, index: usize) -> Option<(usize, Scalar)> {
    array.get(index).map(|scalar| (index, scalar))
}

impl Number {
    /// The number as written.
    pub fn text(&self) -> String {
        match self {
            Number::Integer(value) => value.to_string(),
            Number::Float(value) => format!("{value:?}"),
            Number::Text(text) => text.replace([',', '_'], ""),
        }
    }

    /// Its exact value, if it is a whole number without a point or exponent.
    pub fn integer(&self) -> Option<i128> {
        self.text().parse().ok()
    }

    fn float(&self) -> Result<f64, ProbeError> {
        self.text().parse().map_err(|_| ProbeError::Number(self.text()))
    }

    /// Half a unit of the last digit given.
    pub fn half_unit(&self) -> f64 {
        let text = self.text().to_ascii_lowercase();
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let exponent = exponent.parse::<i32>().unwrap_or(0);
        0.5 * 10_f64.powi(exponent.saturating_sub(decimals as i32))
    }
}

impl Allowed {
    /// Whether anything beside the reference is allowed.
    fn is_wider(&self, reference: Scalar) -> bool {
        match self {
            Allowed::Exact => false,
            Allowed::Within(bound) => *bound > 0.0,
            Allowed::Set(_) | Allowed::Range(..) => {
                let (lo, hi) = self.ends(reference);
                lo < hi
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crossover_values::DType;

    use super::*;

    fn answer(probe: &str, value: Number, rule: AnswerRule) -> Answer {
        Answer {
            name: "a".to_owned(),
            dtypes: vec![],
            at: Default::default(),
            output: "o".to_owned(),
            probe: probe.to_owned(),
            value,
            rule,
            slack: None,
            source: None,
        }
    }

    fn integers(values: &[i64]) -> Value {
        let mut array = Array::zeros(DType::I64, &[values.len()]);
        for (index, value) in values.iter().enumerate() {
            array.set(index, Scalar::I64(*value));
        }
        Value::Array(array)
    }

    fn exact(_: usize, _: Scalar) -> Allowed {
        Allowed::Exact
    }

    fn ok(answer: &Answer, output: &Value, allowed: &dyn Fn(usize, Scalar) -> Allowed) -> bool {
        judge_answer(answer, output, output, allowed, 0.0).unwrap().ok
    }

    #[test]
    fn integers_are_compared_exactly_beyond_the_floats() {
        let big = (1_i64 << 53) + 1;
        let output = integers(&[big, 0, -3]);
        let right = answer("sum", Number::Integer(big - 3), AnswerRule::Exact);
        let wrong = answer("sum", Number::Integer(big - 2), AnswerRule::Exact);
        assert!(ok(&right, &output, &exact));
        assert!(!ok(&wrong, &output, &exact));
        assert!(ok(&answer("count", Number::Integer(2), AnswerRule::Exact), &output, &exact));
        assert!(ok(&answer("at[2]", Number::Integer(-3), AnswerRule::Exact), &output, &exact));
    }

    #[test]
    fn allowed_differences_are_carried_through_the_sum_and_no_further() {
        let reference = integers(&[10, 20, 30]);
        let got = integers(&[10, 22, 30]);
        let one = |index: usize, r: Scalar| match (index, r) {
            (1, _) => Allowed::Set(vec![20, 22]),
            _ => Allowed::Exact,
        };
        let sum = answer("sum", Number::Integer(60), AnswerRule::Exact);
        assert!(judge_answer(&sum, &got, &reference, &one, 0.0).unwrap().ok);
        assert!(!judge_answer(&sum, &got, &reference, &exact, 0.0).unwrap().ok);
        let far = integers(&[10, 23, 30]);
        assert!(!judge_answer(&sum, &far, &reference, &one, 0.0).unwrap().ok);
        let other = answer("sum", Number::Integer(63), AnswerRule::Exact);
        assert!(!judge_answer(&other, &got, &reference, &one, 0.0).unwrap().ok);
    }

    #[test]
    fn the_digits_given_are_the_precision_claimed() {
        assert_eq!(Number::Text("13.520".to_owned()).half_unit(), 0.0005);
        assert_eq!(Number::Text("1.5e-4".to_owned()).half_unit(), 0.5 * 10_f64.powi(-5));
        let mut array = Array::zeros(DType::F64, &[2]);
        array.set(0, Scalar::F64(0.125));
        let output = Value::Array(array);
        let bound = |text: &str| {
            let answer = answer("max", Number::Text(text.to_owned()), AnswerRule::Bound);
            ok(&answer, &output, &exact)
        };
        assert!(bound("0.125") && bound("0.13") && bound("0.12"));
        assert!(!bound("0.126") && !bound("0.1260"));
    }

    #[test]
    fn nan_is_never_right() {
        let mut array = Array::zeros(DType::F64, &[2]);
        array.set(1, Scalar::F64(f64::NAN));
        for probe in ["sum", "sum_squares", "min", "max", "count"] {
            let answer = answer(probe, Number::Integer(0), AnswerRule::Bound);
            assert!(!ok(&answer, &Value::Array(array.clone()), &exact), "{probe}");
        }
    }

    #[test]
    fn bad_probes_are_errors() {
        assert!(Probe::parse("median").is_err());
        assert!(Probe::parse("at[1,x]").is_err());
        let answer = answer("at[5]", Number::Integer(0), AnswerRule::Exact);
        let output = integers(&[1]);
        assert!(judge_answer(&answer, &output, &output, &exact, 0.0).is_err());
    }
}
