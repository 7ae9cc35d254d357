//! The data model of `kernel.toml`: parameters, sizes, inputs, answers, policies, plans, mutants.
//!
//! Everything about a kernel that is data stands in this one file. Formulas ([`Formula`]) are
//! arithmetic over the kernel's parameters; the host evaluates them in `f64`.

use std::collections::BTreeMap;
use std::fmt;

use crossover_values::DType;
use serde::{Deserialize, Serialize};

use crate::{CanonicalForm, ChartSpec, Determinism, EstimateSpec, FactSpec, Formula};

/// A parsed `kernel.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// One line that names the kernel for people.
    pub title: String,
    /// What it computes and where it comes from, a few sentences.
    pub summary: String,
    /// Seed of the generators; cases may override it.
    #[serde(default)]
    pub seed: u64,
    /// The instances, in the order they are shown.
    pub instances: Vec<Instance>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Values derived from the parameters, usable in every formula; evaluated in order.
    #[serde(default)]
    pub derived: Vec<Derived>,
    /// Named sizes: values of parameters; those left out take their defaults.
    pub sizes: BTreeMap<String, BTreeMap<String, Setting>>,
    /// What a case must satisfy beyond each parameter's range.
    #[serde(default)]
    pub requirements: Vec<Requirement>,
    /// How each argument of the entry is made, by parameter name of the signature.
    pub arguments: BTreeMap<String, ArgumentSpec>,
    /// Known answers.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// How far variants that promise only *bounded* may be from the reference.
    pub policies: Vec<PolicySpec>,
    /// Work per call.
    #[serde(default)]
    pub work: BTreeMap<String, Formula>,
    /// How the hand-tuned shader runs; without it there is no `tuned` variant.
    pub tuned: Option<TunedPlan>,
    /// Pictures of outputs that records carry.
    #[serde(default)]
    pub pictures: Vec<Picture>,
    /// Wrong versions that verification must reject.
    #[serde(default)]
    pub mutants: Vec<Mutant>,
    /// Whether repeated runs give the same outputs.
    #[serde(default)]
    pub determinism: Determinism,
    /// Outputs that are compared in a canonical form, because their layout depends on the order
    /// of the iterations.
    #[serde(default)]
    pub canonical: BTreeMap<String, CanonicalForm>,
    /// Estimates that rows report.
    #[serde(default)]
    pub estimates: Vec<EstimateSpec>,
    /// Charts that records carry.
    #[serde(default)]
    pub charts: Vec<ChartSpec>,
    /// What variants report beside their outputs, by name.
    #[serde(default)]
    pub facts: BTreeMap<String, FactSpec>,
}

/// One dtype instance of the kernel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The label in rows: the type of `real`, or for a kernel without `real` its main type.
    pub dtype: DType,
    /// Name of the entry function.
    pub entry: String,
}

/// One parameter of a kernel's cases: a number of a range, or one of several names.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "ParameterText")]
pub struct Parameter {
    /// What it is, with its unit.
    pub doc: String,
    /// Least allowed value.
    pub min: f64,
    /// Largest allowed value.
    pub max: f64,
    /// Value where a size leaves it out; without it every size names it.
    pub default: Option<Setting>,
    /// Whether it takes fractions; whole numbers only otherwise.
    pub real: bool,
    /// Names of the values 0, 1, 2, …; empty for a number.
    pub choices: Vec<String>,
    /// What sweeping it shows, for a parameter that is an axis of the kernel's story beside size.
    pub axis: Option<String>,
}

/// The value of a parameter, as written: a number, or the name of a choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// A number; for a parameter with choices, the position of one.
    Number(f64),
    /// The name of a choice.
    Name(String),
}

impl From<f64> for Setting {
    fn from(value: f64) -> Setting {
        Setting::Number(value)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Number(value) => value.fmt(f),
            Setting::Name(name) => f.pad(name),
        }
    }
}

impl Parameter {
    /// The number that a setting stands for; `None` for a name that is no choice.
    pub fn number(&self, setting: &Setting) -> Option<f64> {
        match setting {
            Setting::Number(value) => Some(*value),
            Setting::Name(name) => {
                self.choices.iter().position(|choice| choice == name).map(|at| at as f64)
            }
        }
    }

    /// A value as people write it: the name of the choice, or the number.
    pub fn text(&self, value: f64) -> String {
        let choice = self.choices.get(value as usize).filter(|_| value >= 0.0);
        choice.cloned().unwrap_or_else(|| value.to_string())
    }
}

/// A parameter as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterText {
    doc: String,
    min: Option<f64>,
    max: Option<f64>,
    default: Option<Setting>,
    #[serde(default)]
    real: bool,
    #[serde(default)]
    choices: Vec<String>,
    axis: Option<String>,
}

impl TryFrom<ParameterText> for Parameter {
    type Error = String;

    fn try_from(text: ParameterText) -> Result<Parameter, String> {
        let ParameterText { doc, min, max, default, real, choices, axis } = text;
        let (min, max) = match (choices.len(), min, max) {
            (0, Some(min), Some(max)) => (min, max),
            (0, _, _) => return Err("a number has `min` and `max`".to_owned()),
            (_, Some(_), _) | (_, _, Some(_)) => {
                return Err("`choices` go without `min` and `max`".to_owned());
            }
            (count, None, None) if !real => (0.0, (count - 1) as f64),
            (_, None, None) => return Err("`choices` are no fractions".to_owned()),
        };
        Ok(Parameter { doc, min, max, default, real, choices, axis })
    }
}

/// A named formula.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Formula,
}

/// `min <= value <= max`, else the case is refused with the reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// What is limited.
    pub value: Formula,
    /// Least allowed value.
    pub min: Option<f64>,
    /// Largest allowed value.
    pub max: Option<f64>,
    /// Why.
    pub reason: String,
}

/// How one argument is made. A scalar has `value`; an array has `shape` and at most one generator
/// (`each`, `block`, `philox`); an array without one is an output that comes poisoned.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArgumentSpec {
    /// Scalar: its value, rounded once to the parameter's type.
    pub value: Option<Formula>,
    /// Array: extents, outermost first.
    pub shape: Option<Vec<Formula>>,
    /// Each element by a formula that may also use `i` (first axis) and `j` (second axis).
    pub each: Option<Formula>,
    /// A box of one value in a field of zeros.
    pub block: Option<Block>,
    /// Random words: a function of the flat index.
    pub philox: Option<Philox>,
}

/// A box `[from, to)` on every axis.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Value inside; zero outside.
    pub value: Formula,
    /// First index inside, on every axis.
    pub from: Formula,
    /// First index beyond, on every axis.
    pub to: Formula,
}

/// Random elements from Philox4x32-10, counter = flat index, key = seed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Philox {
    /// Which of the four words, 0 to 3.
    pub word: u32,
    /// `bits` of an integer, or `uniform` in [0, 1) for a float.
    pub kind: PhiloxKind,
}

/// What is made of the random word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhiloxKind {
    /// The low bits of the word, as many as the element has (two words for 64 bits).
    Bits,
    /// word / 2^32 (f64), or its upper 24 bits / 2^24 (f32).
    Uniform,
}

/// A known answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What it is: `sum of counts`, `hits`, `mass`.
    pub name: String,
    /// Instances it holds for; all if empty.
    #[serde(default)]
    pub dtypes: Vec<DType>,
    /// Parameters a case must have for it; those left out must have their defaults.
    pub at: BTreeMap<String, Setting>,
    /// The output looked at.
    pub output: String,
    /// `sum`, `sum_squares`, `min`, `max`, `count` (of non-zero elements) or `at[i,j]`; a scalar
    /// output is an array of one element.
    pub probe: String,
    /// Its value, as written: integers are compared exactly beyond 2^53 too, and the digits given
    /// are the precision claimed.
    pub value: Number,
    /// How it is judged.
    pub rule: AnswerRule,
    /// With `bound`: what the dtype itself may add to the distance from the true value (rounding
    /// of the reference), with its reason in a comment beside.
    pub slack: Option<Formula>,
    /// Where the value comes from.
    pub source: Option<String>,
}

/// A number as written in the file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// A whole number within 64 bits.
    Integer(i64),
    /// A float; its shortest decimal form is what was written.
    Float(f64),
    /// Anything longer, as decimal text.
    Text(String),
}

/// How a known answer is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerRule {
    /// Rows that are bit-equal to the reference must give exactly this.
    Exact,
    /// The row's own allowed differences, carried through the probe, plus half a unit of the last
    /// digit given, plus `slack`.
    Bound,
}

/// How far a bounded variant may be from the reference.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Its name, shown in reports.
    pub name: String,
    /// Instances it holds for; all if empty.
    #[serde(default)]
    pub dtypes: Vec<DType>,
    /// Outputs it holds for; all if empty.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// What it is.
    pub kind: PolicyKind,
    /// For `formula`: allowed absolute difference; `u` is the unit roundoff of the instance
    /// (2^-23 for f32, 2^-52 for f64) and `reference` the reference's element.
    pub bound: Option<Formula>,
    /// For `function`: its name in the kernel's code.
    pub function: Option<String>,
    /// Why this is the right bound.
    pub reason: String,
}

/// The kinds of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyKind {
    /// Bit-equal.
    Exact,
    /// `|got - reference| <= bound`.
    Formula,
    /// A function of the kernel gives the allowed set of each element.
    Function,
}

/// How the hand-tuned shader runs: passes in order, repeated as said.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunedPlan {
    /// Instances it exists for; all if empty.
    #[serde(default)]
    pub dtypes: Vec<DType>,
    /// Buffers beyond the kernel's arrays, zeroed before each call: name -> number of 32-bit words.
    #[serde(default)]
    pub scratch: BTreeMap<String, Formula>,
    /// Values of the uniform struct's members that are neither scalar arguments nor extents.
    #[serde(default)]
    pub uniforms: BTreeMap<String, Formula>,
    /// Constants of type u32 that the shader is compiled with, one text per case: sizes of
    /// workgroups and tiles.
    #[serde(default)]
    pub constants: BTreeMap<String, Formula>,
    /// The passes.
    pub passes: Vec<Pass>,
    /// Where returned values are read: one per returned value.
    #[serde(default)]
    pub returns: Vec<ReturnFrom>,
}

/// One pass of a tuned plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// Entry point of the shader.
    pub entry: String,
    /// Invocations wanted on x, y, z (missing axes are 1); workgroups are these divided by the
    /// entry's workgroup size, rounded up.
    pub invocations: Option<Vec<Formula>>,
    /// Workgroups on x, y, z, instead of `invocations`.
    pub workgroups: Option<Vec<Formula>>,
    /// How often the pass runs; `pass` counts from 0 in `uniforms` of the pass.
    pub repeat: Option<Formula>,
    /// Pairs of buffers that swap names after each repetition.
    #[serde(default)]
    pub swap: Vec<[String; 2]>,
    /// Uniform members that only this pass sets; may use `pass`.
    #[serde(default)]
    pub uniforms: BTreeMap<String, Formula>,
    /// If the grid is split over several dispatches: the uniform member that takes the index of the
    /// first workgroup on x.
    pub split: Option<String>,
    /// Largest number of loop iterations of one invocation, all loops together.
    pub loop_budget: Formula,
}

/// Where a returned value lies after the passes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnFrom {
    /// A scratch buffer.
    pub buffer: String,
    /// Index of its first 32-bit word.
    #[serde(default)]
    pub word: u64,
}

/// A picture of an output.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// The output: a two-dimensional array.
    pub output: String,
    /// What is seen.
    pub caption: String,
    /// `linear` or `log`.
    pub scale: PictureScale,
}

/// The colour scale of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureScale {
    /// Proportional.
    Linear,
    /// Logarithmic in `1 + value / smallest step`.
    Log,
}

/// A wrong version of a file of the kernel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// What is wrong.
    pub name: String,
    /// `kernel.py` or `shader`.
    pub file: MutantFile,
    /// A text that occurs exactly once in it.
    pub find: String,
    /// Its replacement.
    pub replace: String,
    /// Instance to try it on; the first if left out.
    pub dtype: Option<DType>,
    /// Parameters of the case to try it in, over those of `small`, for a mutant that computes the
    /// right thing there.
    #[serde(default)]
    pub at: BTreeMap<String, Setting>,
}

/// Which file a mutant changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum MutantFile {
    /// The reference.
    #[serde(rename = "kernel.py")]
    Kernel,
    /// The hand-tuned shader.
    #[serde(rename = "shader")]
    Shader,
}

/// A `kernel.toml` is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DefinitionError {
    /// The text is no TOML of this shape; the message shows the place.
    #[error("{path}: {message}")]
    Toml {
        /// The file.
        path: String,
        /// What is wrong and where.
        message: String,
    },
    /// The parts do not fit each other.
    #[error("{path}: {message}")]
    Content {
        /// The file.
        path: String,
        /// What does not fit.
        message: String,
    },
}

/// Longest `kernel.toml` that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

impl Definition {
    /// Parses and checks a `kernel.toml`.
    ///
    /// # Errors
    /// [`DefinitionError`] with the place.
    pub fn parse(path: &str, text: &str) -> Result<Definition, DefinitionError> {
        let path = path.to_owned();
        if text.len() > MAX_BYTES {
            let message = format!("{} bytes are over the limit of {MAX_BYTES}", text.len());
            return Err(DefinitionError::Content { path, message });
        }
        let definition = toml::from_str::<Definition>(text).map_err(|error| {
            DefinitionError::Toml { path: path.clone(), message: error.to_string() }
        })?;
        match definition.complaint() {
            Some(message) => Err(DefinitionError::Content { path, message }),
            None => Ok(definition),
        }
    }

    /// The first thing that does not fit, if any.
    fn complaint(&self) -> Option<String> {
        if self.instances.is_empty() {
            return Some("[[instances]]: a kernel has at least one".to_owned());
        }
        if self.sizes.is_empty() {
            return Some("[sizes]: a kernel has at least one".to_owned());
        }
        let sizes = self.sizes.iter().find_map(|(size, values)| self.size_complaint(size, values));
        sizes.or_else(|| self.answer_complaint()).or_else(|| self.mutant_complaint())
    }

    fn size_complaint(&self, size: &str, values: &BTreeMap<String, Setting>) -> Option<String> {
        if let Some(name) = values.keys().find(|name| !self.parameters.contains_key(*name)) {
            return Some(format!("[sizes.{size}]: `{name}` is no parameter"));
        }
        let request = crate::CaseRequest { size: size.to_owned(), ..Default::default() };
        self.case(&request).err().map(|error| format!("[sizes.{size}]: {error}"))
    }

    fn answer_complaint(&self) -> Option<String> {
        self.answers.iter().find_map(|answer| {
            let name = &answer.name;
            let unknown = answer.at.keys().find(|name| !self.parameters.contains_key(*name));
            if let Some(parameter) = unknown {
                return Some(format!("[[answers]] `{name}`: `{parameter}` is no parameter"));
            }
            for (parameter, wanted) in &answer.at {
                if self.parameters[parameter].number(wanted).is_none() {
                    let choices = self.parameters[parameter].choices.join(", ");
                    return Some(format!("[[answers]] `{name}`: {parameter} is one of {choices}"));
                }
            }
            let probe = crate::Probe::parse(&answer.probe).err();
            probe.map(|error| format!("[[answers]] `{name}`: {error}"))
        })
    }

    fn mutant_complaint(&self) -> Option<String> {
        let empty = self.mutants.iter().find(|m| m.find.is_empty() || m.find == m.replace);
        empty.map(|mutant| format!("[[mutants]] `{}`: it changes nothing", mutant.name))
    }

    /// The known answers that hold for a case of an instance.
    pub fn answers_for(&self, case: &crate::Case, dtype: DType) -> Vec<&Answer> {
        let holds = |answer: &&Answer| {
            let instance = answer.dtypes.is_empty() || answer.dtypes.contains(&dtype);
            instance
                && self.parameters.iter().all(|(name, parameter)| {
                    let wanted = answer.at.get(name).or(parameter.default.as_ref());
                    let wanted = wanted.and_then(|wanted| parameter.number(wanted));
                    wanted.is_some_and(|wanted| case.parameters.get(name) == Some(&wanted))
                })
                && case.seed == self.seed
        };
        self.answers.iter().filter(holds).collect()
    }
}

#[cfg(test)]
mod tests {
    use crossover_values::DType;

    use crate::{CaseRequest, testing};

    #[test]
    fn unknown_keys_and_bad_toml_name_the_place() {
        let error = testing::changed("title =", "titel =").unwrap_err().to_string();
        assert!(error.contains("kernel.toml") && error.contains("titel"), "{error}");
        let error = testing::changed("min = 1", "min =").unwrap_err().to_string();
        assert!(error.contains("line"), "{error}");
        let error = testing::changed("\"n * u\"", "\"n *\"").unwrap_err().to_string();
        assert!(error.contains("formula"), "{error}");
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let refuse = |find, replace| testing::changed(find, replace).unwrap_err().to_string();
        assert!(refuse("n = 512", "m = 512").contains("no parameter"));
        assert!(refuse("n = 512", "n = 0").contains("outside"));
        assert!(refuse("at = { n = 8 }", "at = { m = 8 }").contains("no parameter"));
        assert!(refuse("probe = \"sum\"", "probe = \"mean\"").contains("no probe"));
    }

    #[test]
    fn answers_hold_only_where_they_say() {
        let definition = testing::definition();
        let at = |size: &str, seed| {
            let request = CaseRequest { size: size.to_owned(), seed, ..Default::default() };
            let case = definition.case(&request).unwrap();
            definition.answers_for(&case, DType::F64).len()
        };
        assert_eq!((at("small", None), at("book", None), at("small", Some(1))), (1, 0, 0));
    }
}
