//! Arithmetic over parameters: the formulas of `kernel.toml`.

use std::collections::BTreeMap;
use std::fmt;

use exmex::prelude::*;
use exmex::{BinOp, MakeOperators, Operator, ops_factory};
use serde::{Deserialize, Deserializer, de};

/// A formula as written, parsed. A bare number in the file is a formula too.
///
/// `+ - * / ^` bind as usual and run from left to right; `abs floor ceil round sqrt exp ln log2`,
/// `min(a, b)` and `max(a, b)` are functions. Every value is an `f64`.
#[derive(Clone)]
pub struct Formula {
    text: String,
    /// Boxed: the parser's form keeps its first nodes inline, some 20 KB.
    parsed: Box<FlatEx<f64, Operators>>,
}

const fn binary(apply: fn(f64, f64) -> f64, prio: i64) -> BinOp<f64> {
    // "Commutative" would allow the evaluator another order, and so other roundings.
    BinOp { apply, prio, is_commutative: false }
}

// The evaluator's own float operators give `/` a higher priority than `*`: there `i * 3.6 / w` is
// `i * (3.6 / w)`, another number.
ops_factory!(
    Operators,
    f64,
    Operator::make_bin("^", binary(f64::powf, 4)),
    Operator::make_bin("*", binary(|a, b| a * b, 2)),
    Operator::make_bin("/", binary(|a, b| a / b, 2)),
    Operator::make_bin_unary("+", binary(|a, b| a + b, 1), |a| a),
    Operator::make_bin_unary("-", binary(|a, b| a - b, 1), |a| -a),
    Operator::make_bin("min", binary(f64::min, 0)),
    Operator::make_bin("max", binary(f64::max, 0)),
    Operator::make_unary("abs", f64::abs),
    Operator::make_unary("floor", f64::floor),
    Operator::make_unary("ceil", f64::ceil),
    Operator::make_unary("round", f64::round_ties_even),
    Operator::make_unary("sqrt", f64::sqrt),
    Operator::make_unary("exp", f64::exp),
    Operator::make_unary("ln", f64::ln),
    Operator::make_unary("log2", f64::log2)
);

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
        let parsed = FlatEx::<f64, Operators>::parse(&plain(text)).map_err(|error| {
            FormulaError::Syntax { text: text.to_owned(), reason: error.to_string() }
        })?;
        Ok(Formula { text: text.to_owned(), parsed: Box::new(parsed) })
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

/// The text in the form that the parser reads: it takes the start of a name for an operator where
/// it can (`max_iterations` for `max`), which braces around names end; and it knows no exponents,
/// so numbers are written out. `min(a, b)` becomes `((a)min(b))`: what the parser itself makes of the
/// call form closes too late in parentheses, and not at all when calls nest.
fn plain(text: &str) -> String {
    const FUNCTIONS: [&str; 8] = ["abs", "floor", "ceil", "round", "sqrt", "exp", "ln", "log2"];
    let mut plain = String::with_capacity(text.len() + 16);
    // Of each open parenthesis, the operator whose call it is; and the call that comes next.
    let mut open: Vec<&str> = Vec::new();
    let mut call = "";
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (word, tail) = rest.split_at(word_length(rest, first));
        if !matches!(word, "(" | " ") {
            plain.push_str(std::mem::take(&mut call));
        }
        match word {
            "min" | "max" => call = word,
            "(" => {
                plain.push_str(if call.is_empty() { "(" } else { "((" });
                open.push(std::mem::take(&mut call));
            }
            ")" => plain.push_str(if open.pop().unwrap_or("").is_empty() { ")" } else { "))" }),
            "," => plain.extend([")", open.last().copied().unwrap_or(","), "("]),
            _ if (first.is_ascii_alphabetic() || first == '_') && !FUNCTIONS.contains(&word) => {
                plain.extend(["{", word, "}"]);
            }
            _ => match (first.is_ascii_digit(), word.parse::<f64>()) {
                (true, Ok(value)) => plain.push_str(&value.to_string()),
                _ => plain.push_str(word),
            },
        }
        rest = tail;
    }
    plain.push_str(call);
    plain
}

/// Length of the name, the number or the other character that `text` starts with.
fn word_length(text: &str, first: char) -> usize {
    let number = first.is_ascii_digit();
    let mut previous = ' ';
    let ends = |(_, c): &(usize, char)| {
        let exponent_sign = number && matches!((previous, c), ('e' | 'E', '+' | '-'));
        previous = *c;
        !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.') || exponent_sign)
    };
    let end = text.char_indices().find(ends).map_or(text.len(), |(end, _)| end);
    end.max(first.len_utf8())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    #[test]
    fn operators_run_from_left_to_right_with_every_rounding() {
        let formula = Formula::parse("-1.8 + i * 3.6 / w").unwrap();
        for w in [64.0_f64, 100.0, 500.0, 1000.0, 1023.0] {
            for i in 0..w as usize {
                let i = i as f64;
                let expected = -1.8 + i * 3.6 / w;
                assert_eq!(formula.value(&names(&[("i", i), ("w", w)])).unwrap(), expected);
            }
        }
    }

    #[test]
    fn powers_and_functions() {
        let value = |text: &str| Formula::parse(text).unwrap().value(&names(&[("n", 10.0)]));
        assert_eq!(value("floor(0.45 * n) + max(1, 2)").unwrap(), 6.0);
        assert_eq!(value("2^3").unwrap(), 8.0);
        assert_eq!(value("-n").unwrap(), -10.0);
        assert_eq!(value("(min (n, 3) + 1) * 2").unwrap(), 8.0);
        assert_eq!(value("1 + 2 * min(1, max(0, n - 4)) * (max(n, 1) - 3)").unwrap(), 15.0);
        assert_eq!(value("3 - max(0, min(n, 2)) - 1").unwrap(), 0.0);
    }

    #[test]
    fn names_may_start_like_functions() {
        let formula = Formula::parse("max_iterations + mind * 1e-3 + max(exp2_n, 3.5e2)").unwrap();
        assert_eq!(formula.names(), ["exp2_n", "max_iterations", "mind"]);
        let known = names(&[("max_iterations", 300.0), ("mind", 1000.0), ("exp2_n", 2.0)]);
        assert_eq!(formula.value(&known).unwrap(), 651.0);
    }

    #[test]
    fn unknown_names_and_bad_syntax_are_errors() {
        let unknown = Formula::parse("n * m").unwrap().value(&names(&[("n", 1.0)]));
        assert!(matches!(unknown, Err(FormulaError::UnknownName { name, .. }) if name == "m"));
        assert!(matches!(Formula::parse("n *"), Err(FormulaError::Syntax { .. })));
        for text in ["", "min", "min(1, 2", "min(1, )", "(1, 2)", "n min", "max(1, 2))"] {
            assert!(matches!(Formula::parse(text), Err(FormulaError::Syntax { .. })), "{text}");
        }
    }
}
