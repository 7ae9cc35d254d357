//! The judge of bounded variants: the kernel's policy for each output, and what each element may
//! be under it.

use std::collections::BTreeMap;

use crossover_values::{DType, Scalar, Value, compare};

use crate::{
    Allowed, AllowedElements, Case, Formula, FormulaError, Kernel, Measured, PolicyInput,
    PolicyKind, PolicySpec,
};

/// A policy cannot be applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// No policy covers the output.
    #[error("no policy covers output `{output}` in {dtype}")]
    Uncovered {
        /// The output.
        output: String,
        /// The instance.
        dtype: DType,
    },
    /// The policy names no function of the kernel.
    #[error("policy `{policy}` names no function of the kernel")]
    NoFunction {
        /// The policy.
        policy: String,
    },
    /// The policy lacks its formula.
    #[error("policy `{policy}` is a formula and has no `bound`")]
    NoBound {
        /// The policy.
        policy: String,
    },
    /// The formula names something unknown.
    #[error(transparent)]
    Formula(#[from] FormulaError),
}

/// The policy of one output, applied to one case.
pub struct Judge {
    name: String,
    rule: Rule,
}

enum Rule {
    Exact,
    Formula { formula: Formula, values: Vec<f64>, reference: Option<usize> },
    Function(Box<dyn AllowedElements>),
}

impl Judge {
    /// The judge of an output.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn new(
        kernel: &Kernel,
        input: &PolicyInput<'_>,
        output: &str,
    ) -> Result<Judge, PolicyError> {
        let policy = find(kernel, input.dtype, output)?;
        let rule = match policy.kind {
            PolicyKind::Exact => Rule::Exact,
            PolicyKind::Formula => formula_rule(policy, input.case, input.dtype)?,
            PolicyKind::Function => function_rule(kernel, policy, input)?,
        };
        Ok(Judge { name: policy.name.clone(), rule })
    }

    /// The policy's name.
    pub fn policy(&self) -> &str {
        &self.name
    }

    /// What element `index` of `output` may be.
    ///
    /// # Errors
    /// [`PolicyError::Formula`]; [`Judge::new`] has tried the formula, so none is expected.
    pub fn element(
        &self,
        output: &str,
        index: usize,
        reference: Scalar,
    ) -> Result<Allowed, PolicyError> {
        match &self.rule {
            Rule::Exact => Ok(Allowed::Exact),
            Rule::Function(function) => Ok(function.element(output, index, reference)),
            Rule::Formula { formula, values, reference: slot } => {
                let mut values = values.clone();
                if let Some(slot) = slot {
                    values[*slot] = reference.as_f64();
                }
                Ok(Allowed::Within(formula.value_of(&values)?))
            }
        }
    }
}

impl Judge {
    /// What the policy measures of all outputs together, if it does: see
    /// [`AllowedElements::measure`].
    pub fn measure(
        &self,
        reference: &[(String, Value)],
        got: &[(String, Value)],
    ) -> Option<Measured> {
        match &self.rule {
            Rule::Function(function) => function.measure(reference, got),
            Rule::Exact | Rule::Formula { .. } => None,
        }
    }
}

fn find<'k>(kernel: &'k Kernel, dtype: DType, output: &str) -> Result<&'k PolicySpec, PolicyError> {
    let covers = |policy: &&PolicySpec| {
        (policy.dtypes.is_empty() || policy.dtypes.contains(&dtype))
            && (policy.outputs.is_empty() || policy.outputs.iter().any(|name| name == output))
    };
    kernel
        .definition
        .policies
        .iter()
        .find(covers)
        .ok_or_else(|| PolicyError::Uncovered { output: output.to_owned(), dtype })
}

fn formula_rule(policy: &PolicySpec, case: &Case, dtype: DType) -> Result<Rule, PolicyError> {
    let no_bound = || PolicyError::NoBound { policy: policy.name.clone() };
    let formula = policy.bound.clone().ok_or_else(no_bound)?;
    let mut names: BTreeMap<String, f64> = case.parameters.clone();
    names.insert("u".to_owned(), compare::unit_roundoff(dtype));
    names.insert("reference".to_owned(), 0.0);
    formula.value(&names)?;
    let values = formula.names().iter().map(|name| names[name]).collect();
    let reference = formula.names().iter().position(|name| name == "reference");
    Ok(Rule::Formula { formula, values, reference })
}

fn function_rule(
    kernel: &Kernel,
    policy: &PolicySpec,
    input: &PolicyInput<'_>,
) -> Result<Rule, PolicyError> {
    let wanted = policy.function.as_deref();
    let found = kernel.code.policies.iter().find(|(name, _)| Some(*name) == wanted);
    let (_, function) =
        found.ok_or_else(|| PolicyError::NoFunction { policy: policy.name.clone() })?;
    Ok(Rule::Function(function(input)))
}

impl Allowed {
    /// Whether `got` is allowed where the reference has `reference`.
    pub fn contains(&self, reference: Scalar, got: Scalar) -> bool {
        match self {
            Allowed::Exact => compare::same(reference, got),
            Allowed::Within(bound) => {
                compare::same(reference, got) || (got.as_f64() - reference.as_f64()).abs() <= *bound
            }
            Allowed::Set(values) => {
                got.as_integer().is_some_and(|got| values.iter().any(|&v| i128::from(v) == got))
            }
            Allowed::Range(lo, hi) => got
                .as_integer()
                .is_some_and(|got| (i128::from(*lo)..=i128::from(*hi)).contains(&got)),
        }
    }

    /// Share of the bound that `got` uses: 0 for equal, 1 at the bound; a set or range that
    /// contains the value is used fully if it differs from the reference.
    pub fn used(&self, reference: Scalar, got: Scalar) -> f64 {
        if compare::same(reference, got) {
            return 0.0;
        }
        match self {
            Allowed::Within(bound) if *bound > 0.0 => {
                (got.as_f64() - reference.as_f64()).abs() / bound
            }
            _ if self.contains(reference, got) => 1.0,
            _ => f64::INFINITY,
        }
    }

    /// Whether more than one outcome of a branch is allowed.
    pub fn is_undecided(&self) -> bool {
        match self {
            Allowed::Exact | Allowed::Within(_) => false,
            Allowed::Set(values) => values.len() > 1,
            Allowed::Range(lo, hi) => lo < hi,
        }
    }

    /// Least and largest allowed value, in exact integers where the element is one.
    pub fn ends(&self, reference: Scalar) -> (f64, f64) {
        let center = reference.as_f64();
        match self {
            Allowed::Exact => (center, center),
            Allowed::Within(bound) => (center - bound, center + bound),
            Allowed::Set(values) => values
                .iter()
                .map(|&value| value as f64)
                .fold((center, center), |(lo, hi), value| (lo.min(value), hi.max(value))),
            Allowed::Range(lo, hi) => (*lo as f64, *hi as f64),
        }
    }
}
