//! Arithmetic over parameters: the formulas of `kernel.toml`.

use std::collections::BTreeMap;
use std::fmt;

use exmex::prelude::*;
use serde::{Deserialize, Deserializer, de};

/// A formula as written, parsed. A bare number in the file is a formula too.
///
/// Operators bind and associate as in Python; `floor ceil sqrt min max log2 …` are functions.
/// Every value is an `f64`.
#[derive(Clone)]
pub struct Formula {
    text: String,
    parsed: FlatEx<f64>,
}

/// A formula names something that the case does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    /// The text is no formula.
    #[error("`{text}` is no formula: {reason}")]
    Syntax {
        /// The text.
        text: String,
        /// Where it fails.
        reason: String,
    },
    /// A name without a value.
    #[error("`{name}` in `{text}` is neither a parameter nor a derived value")]
    UnknownName {
        /// The text.
        text: String,
        /// The name.
        name: String,
    },
}

impl Formula {
    /// Parses a formula.
    ///
    /// # Errors
    /// [`FormulaError::Syntax`].
    pub fn parse(text: &str) -> Result<Formula, FormulaError> {
        let parsed = FlatEx::<f64>::parse(text).map_err(|error| FormulaError::Syntax {
            text: text.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Formula { text: text.to_owned(), parsed })
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it uses, sorted.
    pub fn names(&self) -> &[String] {
        self.parsed.var_names()
    }

    /// Its value for the given names.
    ///
    /// # Errors
    /// [`FormulaError::UnknownName`].
    pub fn value(&self, names: &BTreeMap<String, f64>) -> Result<f64, FormulaError> {
        let values = self
            .names()
            .iter()
            .map(|name| {
                names.get(name).copied().ok_or_else(|| FormulaError::UnknownName {
                    text: self.text.clone(),
                    name: name.clone(),
                })
            })
            .collect::<Result<Vec<f64>, FormulaError>>()?;
        self.value_of(&values)
    }

    /// Its value for values in the order of [`Formula::names`].
    ///
    /// # Errors
    /// [`FormulaError::Syntax`] if there are not as many values as names.
    pub fn value_of(&self, values: &[f64]) -> Result<f64, FormulaError> {
        self.parsed.eval(values).map_err(|error| FormulaError::Syntax {
            text: self.text.clone(),
            reason: error.to_string(),
        })
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Formula({:?})", self.text)
    }
}

impl<'de> Deserialize<'de> for Formula {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Integer(i64),
            Float(f64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Integer(value) => value.to_string(),
            Written::Float(value) => format!("{value:?}"),
            Written::Text(text) => text,
        };
        Formula::parse(&text).map_err(de::Error::custom)
    }
}
