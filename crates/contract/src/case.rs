//! From a definition and a wish to a case: parameters in range, requirements met.

use std::collections::BTreeMap;

use crate::{Case, Definition, FormulaError, Parameter, Setting};

/// Name of the size of a case whose parameters were set by hand.
pub const CUSTOM_SIZE: &str = "custom";

/// A wish: a named size, parameters set beside it, a seed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseRequest {
    /// The named size; parameters in `set` replace its values.
    pub size: String,
    /// Parameters set by hand; if any, the case's size reads `custom`.
    pub set: BTreeMap<String, Setting>,
    /// Seed instead of the definition's.
    pub seed: Option<u64>,
}

/// A case was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CaseError {
    /// No such size.
    #[error("no size `{size}`; sizes are {known}")]
    UnknownSize {
        /// The name asked for.
        size: String,
        /// The names there are.
        known: String,
    },
    /// No such parameter.
    #[error("no parameter `{name}`; parameters are {known}")]
    UnknownParameter {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A parameter without a value.
    #[error("parameter `{name}` ({doc}) has no value at size `{size}`; set it")]
    Missing {
        /// The parameter.
        name: String,
        /// What it is.
        doc: String,
        /// The size.
        size: String,
    },
    /// A name that is no choice of the parameter.
    #[error("{name} = {given}: {doc} is {known}")]
    Choice {
        /// The parameter.
        name: String,
        /// What was given.
        given: String,
        /// What it may be.
        known: String,
        /// What it is.
        doc: String,
    },
    /// A fraction where a whole number is needed.
    #[error("{name} = {value}: {doc} is a whole number")]
    Fraction {
        /// The parameter.
        name: String,
        /// Its value.
        value: f64,
        /// What it is.
        doc: String,
    },
    /// A value outside the parameter's range.
    #[error("{name} = {value} is outside {min}..={max} ({doc})")]
    Range {
        /// The parameter.
        name: String,
        /// Its value.
        value: f64,
        /// Least allowed value.
        min: f64,
        /// Largest allowed value.
        max: f64,
        /// What it is.
        doc: String,
    },
    /// A requirement of the kernel is not met.
    #[error("{formula} = {value} is {relation} {limit}: {reason}")]
    Requirement {
        /// The formula limited.
        formula: String,
        /// Its value.
        value: f64,
        /// `above` or `below`.
        relation: &'static str,
        /// The limit.
        limit: f64,
        /// Why there is one.
        reason: String,
    },
    /// A formula names something unknown.
    #[error(transparent)]
    Formula(#[from] FormulaError),
}

impl Definition {
    /// Makes the case of a request.
    ///
    /// # Errors
    /// [`CaseError`]: what is unknown, missing, out of range or against a requirement.
    pub fn case(&self, request: &CaseRequest) -> Result<Case, CaseError> {
        let named = self.sizes.get(&request.size).ok_or_else(|| CaseError::UnknownSize {
            size: request.size.clone(),
            known: list(self.sizes.keys()),
        })?;
        if let Some(name) = request.set.keys().find(|name| !self.parameters.contains_key(*name)) {
            let known = list(self.parameters.keys());
            return Err(CaseError::UnknownParameter { name: name.clone(), known });
        }
        let mut parameters = BTreeMap::new();
        for (name, parameter) in &self.parameters {
            let value = request.set.get(name).or_else(|| named.get(name));
            let value = value.or(parameter.default.as_ref()).ok_or_else(|| CaseError::Missing {
                name: name.clone(),
                doc: parameter.doc.clone(),
                size: request.size.clone(),
            })?;
            let value = parameter.check(name, value)?;
            parameters.insert(name.clone(), value);
        }
        self.derive(&mut parameters)?;
        self.require(&parameters)?;
        let size = if request.set.is_empty() { &request.size } else { CUSTOM_SIZE };
        Ok(Case { size: size.to_owned(), parameters, seed: request.seed.unwrap_or(self.seed) })
    }

    /// The case of size `small`, or of the first size if there is none of that name: what is shown
    /// where no case was asked for.
    ///
    /// # Errors
    /// [`CaseError`]; none for a parsed definition, whose sizes were all tried.
    pub fn least_case(&self) -> Result<Case, CaseError> {
        let small = "small";
        let first = self.sizes.keys().next().map_or(small, String::as_str);
        let size = if self.sizes.contains_key(small) { small } else { first };
        self.case(&CaseRequest { size: size.to_owned(), ..Default::default() })
    }

    fn derive(&self, parameters: &mut BTreeMap<String, f64>) -> Result<(), CaseError> {
        for derived in &self.derived {
            let value = derived.value.value(parameters)?;
            parameters.insert(derived.name.clone(), value);
        }
        Ok(())
    }

    fn require(&self, parameters: &BTreeMap<String, f64>) -> Result<(), CaseError> {
        for requirement in &self.requirements {
            let value = requirement.value.value(parameters)?;
            let broken = |relation, limit| CaseError::Requirement {
                formula: requirement.value.text().to_owned(),
                value,
                relation,
                limit,
                reason: requirement.reason.clone(),
            };
            // Written so that a NaN is outside of every limit.
            if let Some(limit) = requirement.max.filter(|&limit| !at_most(value, limit)) {
                return Err(broken("above", limit));
            }
            if let Some(limit) = requirement.min.filter(|&limit| !at_most(limit, value)) {
                return Err(broken("below", limit));
            }
        }
        Ok(())
    }
}

impl Parameter {
    /// The number of a setting, if it is allowed.
    fn check(&self, name: &str, setting: &Setting) -> Result<f64, CaseError> {
        let (name, doc) = (name.to_owned(), self.doc.clone());
        let Some(value) = self.number(setting) else {
            let given = setting.to_string();
            let known = match &*self.choices {
                [] => "a number".to_owned(),
                choices => format!("one of {}", choices.join(", ")),
            };
            return Err(CaseError::Choice { name, given, known, doc });
        };
        if !(self.min..=self.max).contains(&value) {
            return Err(CaseError::Range { name, value, min: self.min, max: self.max, doc });
        }
        if !self.real && value.fract() != 0.0 {
            return Err(CaseError::Fraction { name, value, doc });
        }
        Ok(value)
    }
}

fn at_most(a: f64, b: f64) -> bool {
    a <= b
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::testing;

    use super::*;

    fn request(set: &[(&str, f64)]) -> CaseRequest {
        let set =
            set.iter().map(|(name, value)| ((*name).to_owned(), Setting::Number(*value))).collect();
        CaseRequest { size: "small".to_owned(), set, seed: None }
    }

    #[test]
    fn sizes_defaults_and_derived_values_make_a_case() {
        let case = testing::definition().case(&request(&[])).unwrap();
        assert_eq!(case.size, "small");
        assert_eq!(case.parameters["n"], 8.0);
        assert_eq!(case.parameters["rate"], 0.1);
        assert_eq!(case.parameters["cells"], 64.0);
    }

    #[test]
    fn parameters_set_by_hand_make_a_custom_case() {
        let case = testing::definition().case(&request(&[("n", 3.0)])).unwrap();
        assert_eq!((case.size.as_str(), case.parameters["cells"]), (CUSTOM_SIZE, 9.0));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_reason() {
        let refuse = |set| testing::definition().case(&request(set)).unwrap_err();
        assert!(matches!(refuse(&[("n", 0.0)]), CaseError::Range { .. }));
        assert!(matches!(refuse(&[("n", -5.0)]), CaseError::Range { .. }));
        assert!(matches!(refuse(&[("n", f64::NAN)]), CaseError::Range { .. }));
        assert!(matches!(refuse(&[("n", 2.5)]), CaseError::Fraction { .. }));
        assert!(matches!(refuse(&[("m", 2.0)]), CaseError::UnknownParameter { .. }));
        let unstable = refuse(&[("rate", 0.3)]);
        assert!(matches!(&unstable, CaseError::Requirement { relation: "above", .. }));
        assert!(unstable.to_string().contains("unstable"), "{unstable}");
        let size = CaseRequest { size: "huge".to_owned(), ..Default::default() };
        let unknown = testing::definition().case(&size).unwrap_err();
        assert!(matches!(unknown, CaseError::UnknownSize { .. }));
    }

    #[test]
    fn choices_go_by_their_names() {
        let changed = testing::changed(
            "[parameters.rate]",
            "[parameters.order]\ndoc = \"o\"\nchoices = [\"up\", \"down\"]\ndefault = \"down\"\n[parameters.rate]",
        );
        let definition = changed.unwrap();
        let at = |setting: Option<Setting>| {
            let set = setting.map(|setting| ("order".to_owned(), setting)).into_iter().collect();
            definition.case(&CaseRequest { size: "small".to_owned(), set, seed: None })
        };
        assert_eq!(at(None).unwrap().parameters["order"], 1.0);
        let name = |name: &str| Some(Setting::Name(name.to_owned()));
        assert_eq!(at(name("up")).unwrap().parameters["order"], 0.0);
        let unknown = at(name("sideways")).unwrap_err();
        assert!(unknown.to_string().contains("one of up, down"), "{unknown}");
        assert!(matches!(at(Some(2.0.into())), Err(CaseError::Range { .. })));
        assert_eq!(definition.parameters["order"].text(1.0), "down");
    }
}
