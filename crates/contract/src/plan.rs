//! The numbers of a tuned plan at a case.

use std::collections::BTreeMap;

use crate::{Case, FormulaError, TunedPlan};

/// A constant of a plan is no `u32`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Its value is none.
    #[error("[tuned.constants] {name} = {value}: a whole number from 0 to 4294967295 is needed")]
    Constant {
        /// The constant.
        name: String,
        /// Its value.
        value: f64,
    },
    /// A formula names something unknown.
    #[error(transparent)]
    Formula(#[from] FormulaError),
}

impl TunedPlan {
    /// The constants that the shader is compiled with for a case.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn constants_of(&self, case: &Case) -> Result<BTreeMap<String, u32>, PlanError> {
        let constant = |(name, formula): (&String, &crate::Formula)| {
            let value = formula.value(&case.parameters)?;
            if value.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&value) {
                return Err(PlanError::Constant { name: name.clone(), value });
            }
            Ok((name.clone(), value as u32))
        };
        self.constants.iter().map(constant).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{CaseRequest, testing};

    use super::*;

    #[test]
    fn a_constant_is_a_whole_number_of_32_bits() {
        let definition = testing::definition();
        let request = CaseRequest { size: "small".to_owned(), ..Default::default() };
        let case = definition.case(&request).unwrap();
        let plan = |formula: &str| {
            let text = format!("passes = []\nconstants = {{ SIZE = \"{formula}\" }}");
            toml::from_str::<TunedPlan>(&text).unwrap().constants_of(&case)
        };
        assert_eq!(plan("n * 4").unwrap()["SIZE"], 32);
        for bad in ["n / 3", "0 - n", "n * 1e9"] {
            assert!(matches!(plan(bad), Err(PlanError::Constant { .. })), "{bad}");
        }
        assert!(matches!(plan("m"), Err(PlanError::Formula(_))));
    }
}
