//! A sweep: one parameter, and the values it takes one after the other.
//!
//! The values are made before anything is planned, few enough to be listed; whether a kernel allows
//! them is for its definition to say.

use std::fmt;
use std::str::FromStr;

use crossover_contract::Setting;

/// The sweep that no kernel declares: threads of threaded variants.
pub const THREADS: &str = "threads";

/// Most values of one sweep, and most cases of a plan that sweeps.
pub const MAX_CASES: usize = 4096;

/// A parameter and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The parameter, or [`THREADS`].
    pub name: String,
    /// Its values.
    pub points: Points,
}

/// The values of a sweep, as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Points {
    /// `1,8,64` or `up,down`: these.
    List(Vec<Setting>),
    /// `A..B`: A, twice A, four times A, … up to B, and B.
    Doubled(Ends),
    /// `A..B:COUNT`: so many, each the same multiple of the one before; those between the ends are
    /// rounded for a parameter that takes whole numbers.
    Spaced(Ends, usize),
    /// `A..B:+STEP`: A, A + STEP, … up to B.
    Stepped(Ends, f64),
}

/// First and last value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends {
    /// First value.
    pub from: f64,
    /// Last value, not below the first.
    pub to: f64,
}

/// How a sweep is written.
const FORM: &str = "expected NAME=A..B (doubled), NAME=A..B:COUNT (evenly on a logarithmic scale), \
                    NAME=A..B:+STEP, or a list NAME=1,8,64";

impl FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Sweep, String> {
        let (name, values) = text.split_once('=').ok_or(FORM)?;
        if name.is_empty() || values.is_empty() {
            return Err(FORM.to_owned());
        }
        let points = match values.split_once("..") {
            Some((from, rest)) => range(from, rest)?,
            None => Points::List(values.split(',').map(setting).collect::<Result<_, _>>()?),
        };
        Ok(Sweep { name: name.to_owned(), points })
    }
}

fn setting(text: &str) -> Result<Setting, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Setting::Number(value)),
        Ok(value) => Err(format!("{value} is not finite")),
        Err(_) if text.is_empty() => Err(format!("a value is missing; {FORM}")),
        Err(_) => Ok(Setting::Name(text.to_owned())),
    }
}

fn number(text: &str) -> Result<f64, String> {
    if text.is_empty() {
        return Err(format!("a value is missing; {FORM}"));
    }
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| format!("`{text}` is no number; {FORM}"))
}

fn range(from: &str, rest: &str) -> Result<Points, String> {
    let (to, spacing) = match rest.split_once(':') {
        Some((to, spacing)) => (to, Some(spacing)),
        None => (rest, None),
    };
    let ends = Ends { from: number(from)?, to: number(to)? };
    if ends.from > ends.to {
        return Err(format!("{ends} ends below its beginning"));
    }
    if let Some(step) = spacing.and_then(|spacing| spacing.strip_prefix('+')) {
        return stepped(ends, number(step)?);
    }
    if ends.from <= 0.0 {
        return Err(format!(
            "{ends}: values that are multiples of each other begin above 0; write a step, such as \
             {ends}:+1, or a list"
        ));
    }
    let Some(count) = spacing else { return Ok(Points::Doubled(ends)) };
    match count.parse::<usize>() {
        Ok(count @ 2..=MAX_CASES) => Ok(Points::Spaced(ends, count)),
        _ => Err(format!("`{count}` values: a sweep has 2 to {MAX_CASES}")),
    }
}

fn stepped(ends: Ends, step: f64) -> Result<Points, String> {
    if step <= 0.0 {
        return Err(format!("a step of {step} leads nowhere; it is above 0"));
    }
    let count = ((ends.to - ends.from) / step).floor() + 1.0;
    if count > MAX_CASES as f64 {
        return Err(format!("{ends}:+{step} has {count} values; a sweep has at most {MAX_CASES}"));
    }
    Ok(Points::Stepped(ends, step))
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

impl Points {
    /// The values for a parameter that takes whole numbers or fractions, each once.
    pub fn settings(&self, whole: bool) -> Vec<Setting> {
        let values: Vec<Setting> = match self {
            Points::List(settings) => settings.clone(),
            Points::Doubled(ends) => {
                let doubled = std::iter::successors(Some(ends.from), |value| Some(value * 2.0));
                let below = doubled.take_while(|value| value < &ends.to);
                below.chain([ends.to]).map(Setting::Number).collect()
            }
            Points::Spaced(ends, count) => {
                (0..*count).map(|at| Setting::Number(spaced(*ends, at, *count, whole))).collect()
            }
            Points::Stepped(ends, step) => {
                // Counted, not added up: no rounding grows. Half a millionth of a step is forgiven
                // to decimal fractions, of which the last one must not be missed.
                let count = ((ends.to - ends.from) / step + 5e-7).floor() as usize;
                let value = |at: usize| tidy(step.mul_add(at as f64, ends.from));
                (0..=count).map(|at| Setting::Number(value(at))).collect()
            }
        };
        let mut distinct: Vec<Setting> = Vec::new();
        for value in values {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        distinct
    }
}

/// Value `at` of `count`; the ends are as written.
fn spaced(ends: Ends, at: usize, count: usize, whole: bool) -> f64 {
    if at == 0 {
        return ends.from;
    }
    if at + 1 == count {
        return ends.to;
    }
    let share = at as f64 / (count - 1) as f64;
    let value = ends.from * (ends.to / ends.from).powf(share);
    if whole { value.round() } else { tidy(value) }
}

/// A value to nine decimal digits: what a person would have written.
fn tidy(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, whole: bool) -> Vec<String> {
        let sweep = text.parse::<Sweep>().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(sweep.name, "p");
        sweep.points.settings(whole).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ranges_have_both_ends() {
        assert_eq!(values("p=1..8", true), ["1", "2", "4", "8"]);
        assert_eq!(values("p=3..20", true), ["3", "6", "12", "20"]);
        assert_eq!(values("p=5..5", true), ["5"]);
        assert_eq!(values("p=1..65536", true).len(), 17);
        assert_eq!(values("p=0.1..0.5", false), ["0.1", "0.2", "0.4", "0.5"]);
        assert_eq!(values("p=1..1000:4", true), ["1", "10", "100", "1000"]);
        assert_eq!(values("p=1..4:10", true), ["1", "2", "3", "4"], "rounded, each once");
        assert_eq!(values("p=0..6:+2", true), ["0", "2", "4", "6"]);
        assert_eq!(values("p=0.5..0.9:+0.1", false), ["0.5", "0.6", "0.7", "0.8", "0.9"]);
        assert_eq!(values("p=-2..2:+2", true), ["-2", "0", "2"]);
    }

    #[test]
    fn lists_are_taken_as_written_each_value_once() {
        assert_eq!(values("p=64,1,8,1", true), ["64", "1", "8"]);
        assert_eq!(values("p=up,down", true), ["up", "down"]);
    }

    #[test]
    fn what_is_no_sweep_is_refused_with_its_reason() {
        let cases = [
            ("p", "NAME=A..B"),
            ("=1..2", "NAME=A..B"),
            ("p=", "NAME=A..B"),
            ("p=1,,2", "missing"),
            ("p=1..", "a value is missing"),
            ("p=a..b", "`a` is no number"),
            ("p=8..1", "8..1 ends below"),
            ("p=0..8", "begin above 0"),
            ("p=-4..8", "begin above 0"),
            ("p=1..8:1", "2 to 4096"),
            ("p=1..8:x", "2 to 4096"),
            ("p=1..8:9999", "2 to 4096"),
            ("p=1..8:+0", "leads nowhere"),
            ("p=0..1e9:+1", "1000000001 values"),
            ("p=1..inf", "`inf` is no number"),
            ("p=NaN,1", "not finite"),
        ];
        for (text, reason) in cases {
            let error = text.parse::<Sweep>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let most = values("p=1..1e308", false).len();
        assert!(most < MAX_CASES, "doubling is bounded by the exponents: {most}");
    }
}
