//! One row: a kernel instance at a size on one variant of a backend, and all that was found.

use std::collections::BTreeMap;
use std::fmt;

use crossover_values::DType;

use crate::{EstimateCheck, Repetition};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What became of a row. It is never silent: every status but `verified` comes with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every element of every output was compared and is allowed, and every known answer holds.
    Verified,
    /// A complete comparison found an element or a known answer that is not allowed.
    Wrong,
    /// This machine, adapter or kernel cannot do it.
    Unavailable,
    /// It should have worked and did not: crash, hang, lost device, missing output.
    Failed,
    /// It was left out on request or because it would have passed a limit that was asked for.
    Skipped,
}

impl Status {
    /// Every status, in declaration order.
    pub const ALL: [Status; 5] =
        [Status::Verified, Status::Wrong, Status::Unavailable, Status::Failed, Status::Skipped];

    /// The name used in records and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Verified => "verified",
            Status::Wrong => "wrong",
            Status::Unavailable => "unavailable",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What interval the samples of a row measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Timed {
    /// Wall time of a warm call: arguments on the host to results on the host.
    Wall,
}

/// One row of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Stem of the kernel.
    pub kernel: String,
    /// Instance.
    pub dtype: DType,
    /// Name of the size, or `custom`.
    pub size: String,
    /// Backend.
    pub backend: String,
    /// Variant of the backend.
    pub variant: String,
    /// Threads that the variant used; 1 for those that are not threaded.
    pub threads: usize,
    /// Slug of the adapter, for backends that have some.
    pub adapter: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Why, for every status but `verified`; empty otherwise.
    pub reason: String,
    /// Median of the samples in nanoseconds. Absent unless the row is verified.
    pub median_ns: Option<u64>,
    /// Lower end of the interval of the median, in nanoseconds.
    pub low_ns: Option<u64>,
    /// Upper end of the interval of the median, in nanoseconds.
    pub high_ns: Option<u64>,
    /// Every sample in nanoseconds, in the order in which they were taken.
    pub samples: Vec<u64>,
    /// Which interval the samples measure.
    pub timed: Timed,
    /// Preparation, then the parts of the median sample.
    pub phases: Phases,
    /// What was compared; absent if nothing was.
    pub proof: Option<Proof>,
    /// The known answers that this row's case has.
    pub answers: Vec<AnswerCheck>,
    /// Value of every parameter of the case, derived ones included.
    pub parameters: BTreeMap<String, f64>,
    /// Whether the other rows of the case were compared against this one.
    pub reference: bool,
    /// Peak memory of the row's worker after the row was verified, in bytes (`VmHWM`; absent where
    /// the system does not report it). It includes what earlier rows of that worker used.
    pub peak_memory_bytes: Option<u64>,
    /// What the variant reports beside its outputs, by the names of the kernel's facts.
    #[serde(default)]
    pub facts: BTreeMap<String, f64>,
    /// What the kernel's estimators say of the outputs.
    #[serde(default)]
    pub estimates: Vec<EstimateCheck>,
    /// What repeated calls showed; absent unless the row is verified.
    #[serde(default)]
    pub repetition: Option<Repetition>,
    /// Work of one call by the kernel's model: `bytes`, `flops`, `int_ops`.
    #[serde(default)]
    pub work: BTreeMap<String, f64>,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Number of elements compared, of all outputs together.
    pub compared: u64,
    /// Largest used share of the allowed difference: 0 for bit-equal, at most 1 unless wrong.
    pub worst_used: f64,
    /// Elements for which more than one value was allowed by an undecided branch.
    pub undecided: u64,
    /// Elements that are not bit-equal to the reference but allowed.
    pub differing: u64,
    /// Elements that are not allowed.
    pub unexplained: u64,
    /// Names of the policies that judged, with `; ` between.
    pub policy: String,
    /// Whether bit equality was demanded of every element.
    pub exact: bool,
    /// What it was compared against: `interpreter exact`, or a stand-in and why that one is
    /// trusted.
    pub reference: String,
    /// SHA-256 over the outputs' names, dtypes, shapes and bytes, in hexadecimal.
    pub digest: String,
    /// Up to ten elements that are not allowed.
    pub differences: Vec<Difference>,
}

/// An element that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Output.
    pub output: String,
    /// Index along every axis; empty for a scalar.
    pub index: Vec<usize>,
    /// What the reference has there.
    pub reference: String,
    /// What was allowed.
    pub allowed: String,
    /// What came.
    pub got: String,
}

/// One known answer, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerCheck {
    /// What it is.
    pub name: String,
    /// The value from the literature.
    pub expected: AnswerValue,
    /// The value of this row's output.
    pub got: AnswerValue,
    /// Whether the answer's rule allows it.
    pub ok: bool,
}

/// A number that keeps all digits of a 64-bit integer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AnswerValue {
    /// A whole number.
    Integer(i64),
    /// A whole number above `i64::MAX`.
    Unsigned(u64),
    /// A float that is finite.
    Float(f64),
    /// Anything else, as decimal text: longer integers, NaN, infinities.
    Text(String),
}

impl AnswerValue {
    /// The shortest form that keeps an exact integer.
    pub fn of_integer(value: i128) -> AnswerValue {
        if let Ok(small) = i64::try_from(value) {
            AnswerValue::Integer(small)
        } else if let Ok(unsigned) = u64::try_from(value) {
            AnswerValue::Unsigned(unsigned)
        } else {
            AnswerValue::Text(value.to_string())
        }
    }

    /// A float; what JSON has no number for becomes text.
    pub fn of_float(value: f64) -> AnswerValue {
        if value.is_finite() {
            AnswerValue::Float(value)
        } else {
            AnswerValue::Text(value.to_string())
        }
    }
}

impl From<f64> for AnswerValue {
    fn from(value: f64) -> AnswerValue {
        AnswerValue::of_float(value)
    }
}

impl fmt::Display for AnswerValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerValue::Integer(value) => f.pad(&digit_groups(&value.to_string())),
            AnswerValue::Unsigned(value) => f.pad(&digit_groups(&value.to_string())),
            AnswerValue::Float(value) => f.pad(&value.to_string()),
            AnswerValue::Text(text) => f.pad(text),
        }
    }
}

/// The digits of a whole number with a comma before each group of three.
pub fn digit_groups(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let mut grouped = String::from(sign);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Named costs in nanoseconds, in the order in which they arose; a JSON object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phases(pub Vec<(String, u64)>);

impl Phases {
    /// The cost of one phase.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(phase, _)| phase == name).map(|(_, ns)| *ns)
    }
}

impl Serialize for Phases {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, ns) in &self.0 {
            map.serialize_entry(name, ns)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Phases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Phases;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of phase names to nanoseconds")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Phases, A::Error> {
                let mut phases = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    phases.push(entry);
                }
                Ok(Phases(phases))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_values_keep_every_digit_and_their_json_type() {
        let cases = [
            (AnswerValue::of_integer(333_332_833_333_500_000), "333332833333500000"),
            (AnswerValue::of_integer(i128::from(u64::MAX)), "18446744073709551615"),
            (AnswerValue::of_integer(1 << 70), "\"1180591620717411303424\""),
            (AnswerValue::of_float(13.52), "13.52"),
            (AnswerValue::of_float(f64::NAN), "\"NaN\""),
        ];
        for (value, json) in cases {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
            assert_eq!(serde_json::from_str::<AnswerValue>(json).unwrap(), value);
        }
    }

    #[test]
    fn phases_keep_their_order_through_json() {
        let phases = Phases(vec![("run".into(), 7), ("compile".into(), 3)]);
        let json = serde_json::to_string(&phases).unwrap();
        assert_eq!(json, r#"{"run":7,"compile":3}"#);
        assert_eq!(serde_json::from_str::<Phases>(&json).unwrap(), phases);
        assert_eq!(phases.get("compile"), Some(3));
        assert_eq!(phases.get("upload"), None);
    }

    #[test]
    fn statuses_are_lower_case_words() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
        }
    }

    #[test]
    fn digits_come_in_groups_of_three() {
        assert_eq!(digit_groups("-1234567"), "-1,234,567");
        assert_eq!(digit_groups("123"), "123");
    }
}
