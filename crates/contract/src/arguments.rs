//! From a case to the bytes that every backend gets.

use std::collections::BTreeMap;

use crossover_values::{Array, DType, ParamKind, Scalar, Signature, Value, philox};

use crate::{ArgumentSpec, Block, Case, Definition, Formula, FormulaError, Philox, PhiloxKind};

/// An argument cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ArgumentError {
    /// The definition says nothing of a parameter of the signature.
    #[error("[arguments.{0}] is missing: the entry has a parameter of that name")]
    Undefined(String),
    /// The definition names a parameter that the signature lacks.
    #[error("[arguments.{0}] names no parameter of the entry")]
    Unknown(String),
    /// A scalar that is described as an array, an array as a scalar, or with two generators.
    #[error("[arguments.{name}]: the entry's parameter is {kind}")]
    Kind {
        /// The parameter.
        name: String,
        /// What the description lacks or has too much.
        kind: &'static str,
    },
    /// An input array that is read has no generator.
    #[error(
        "[arguments.{0}]: the kernel reads this array, so it needs `each`, `block` or `philox`"
    )]
    NoInput(String),
    /// A value that the type cannot hold.
    #[error("[arguments.{name}]: {value} is no {dtype}")]
    Value {
        /// The parameter.
        name: String,
        /// The value.
        value: f64,
        /// The type.
        dtype: DType,
    },
    /// An extent that is no number of elements.
    #[error("[arguments.{name}]: {value} is no extent; an axis has 0 to 2147483647 elements")]
    Extent {
        /// The parameter.
        name: String,
        /// The value.
        value: f64,
    },
    /// A formula names something unknown.
    #[error(transparent)]
    Formula(#[from] FormulaError),
}

/// Extents of an axis are at most this (rule 1 of the language).
const MAX_EXTENT: f64 = 2_147_483_647.0;

impl Definition {
    /// Makes the arguments of a case, in the order of the signature. Arrays without a generator
    /// come poisoned.
    ///
    /// # Errors
    /// [`ArgumentError`].
    pub fn arguments(
        &self,
        signature: &Signature,
        case: &Case,
    ) -> Result<Vec<Value>, ArgumentError> {
        self.check_arguments(signature)?;
        let make = |param: &crossover_values::Param| {
            let spec = &self.arguments[&param.name];
            match param.kind {
                ParamKind::Scalar(dtype) => {
                    scalar_argument(&param.name, spec, dtype, case).map(Value::Scalar)
                }
                ParamKind::Array { dtype, .. } => {
                    array_argument(&param.name, spec, dtype, case).map(Value::Array)
                }
            }
        };
        signature.params.iter().map(make).collect()
    }

    /// Bytes of all array arguments of a case.
    ///
    /// # Errors
    /// [`ArgumentError`].
    pub fn argument_bytes(&self, signature: &Signature, case: &Case) -> Result<u64, ArgumentError> {
        self.check_arguments(signature)?;
        let mut bytes = 0_u64;
        for param in &signature.params {
            if let ParamKind::Array { dtype, .. } = param.kind {
                let shape = extents(&param.name, &self.arguments[&param.name], case)?;
                let elements = shape.iter().fold(1_u64, |n, &e| n.saturating_mul(e as u64));
                bytes = bytes.saturating_add(elements.saturating_mul(dtype.size() as u64));
            }
        }
        Ok(bytes)
    }

    /// Checks that every scalar argument of a case fits its type: cheap, so that a parameter or a
    /// seed that cannot be is refused before anything runs.
    ///
    /// # Errors
    /// [`ArgumentError`].
    pub fn check_scalars(&self, signature: &Signature, case: &Case) -> Result<(), ArgumentError> {
        self.check_arguments(signature)?;
        for param in &signature.params {
            if let ParamKind::Scalar(dtype) = param.kind {
                scalar_argument(&param.name, &self.arguments[&param.name], dtype, case)?;
            }
        }
        Ok(())
    }

    /// Whether the inputs depend on the case's seed.
    pub fn uses_seed(&self) -> bool {
        self.arguments.values().any(ArgumentSpec::uses_seed)
    }

    /// Checks that the descriptions fit a signature.
    ///
    /// # Errors
    /// [`ArgumentError`].
    pub fn check_arguments(&self, signature: &Signature) -> Result<(), ArgumentError> {
        let known = |name: &String| signature.params.iter().any(|param| param.name == *name);
        if let Some(name) = self.arguments.keys().find(|name| !known(name)) {
            return Err(ArgumentError::Unknown(name.clone()));
        }
        for param in &signature.params {
            let name = &param.name;
            let spec = self.arguments.get(name);
            let spec = spec.ok_or_else(|| ArgumentError::Undefined(name.clone()))?;
            spec.check(name, param.kind)?;
            let reads = !matches!(param.role, crossover_values::Role::Out);
            if matches!(param.kind, ParamKind::Array { .. }) && reads && spec.generators() == 0 {
                return Err(ArgumentError::NoInput(name.clone()));
            }
        }
        Ok(())
    }
}

impl ArgumentSpec {
    fn generators(&self) -> usize {
        usize::from(self.each.is_some())
            + usize::from(self.block.is_some())
            + usize::from(self.philox.is_some())
    }

    /// Whether the argument depends on the seed.
    fn uses_seed(&self) -> bool {
        let block = self.block.iter().flat_map(|block| [&block.value, &block.from, &block.to]);
        let shape = self.shape.iter().flatten();
        let mut formulas = block.chain(shape).chain(&self.value).chain(&self.each);
        self.philox.is_some()
            || formulas.any(|f| f.text().contains(SEED_LOW) || f.text().contains(SEED_HIGH))
    }

    fn check(&self, name: &str, kind: ParamKind) -> Result<(), ArgumentError> {
        let wrong = |kind| Err(ArgumentError::Kind { name: name.to_owned(), kind });
        match kind {
            ParamKind::Scalar(_) if self.value.is_none() => wrong("a scalar and needs `value`"),
            ParamKind::Scalar(_) if self.shape.is_some() || self.generators() > 0 => {
                wrong("a scalar and has only `value`")
            }
            ParamKind::Scalar(_) => Ok(()),
            ParamKind::Array { .. } if self.value.is_some() => wrong("an array and has no `value`"),
            ParamKind::Array { rank, .. } => match &self.shape {
                None => wrong("an array and needs `shape`"),
                Some(shape) if shape.len() != rank => wrong("an array of another rank"),
                Some(_) if self.generators() > 1 => wrong("an array and has one generator"),
                Some(_) => Ok(()),
            },
        }
    }
}

fn scalar_argument(
    name: &str,
    spec: &ArgumentSpec,
    dtype: DType,
    case: &Case,
) -> Result<Scalar, ArgumentError> {
    let formula = spec.value.as_ref().expect("check_arguments saw the value of a scalar");
    element(name, dtype, formula.value(&names(case))?)
}

/// Name of the lower half of the seed in formulas.
const SEED_LOW: &str = "seed_low";
/// Name of its upper half.
const SEED_HIGH: &str = "seed_high";

/// The names formulas may use: parameters, and the halves of the seed.
fn names(case: &Case) -> BTreeMap<String, f64> {
    let mut names = case.parameters.clone();
    names.insert(SEED_LOW.to_owned(), (case.seed as u32).into());
    names.insert(SEED_HIGH.to_owned(), ((case.seed >> 32) as u32).into());
    names
}

fn element(name: &str, dtype: DType, value: f64) -> Result<Scalar, ArgumentError> {
    let wrong = ArgumentError::Value { name: name.to_owned(), value, dtype };
    let within = |min: f64, end: f64| value.fract() == 0.0 && (min..end).contains(&value);
    let fits = match dtype {
        DType::Bool => within(0.0, 2.0),
        DType::U8 => within(0.0, 256.0),
        DType::I32 => within(-2_147_483_648.0, 2_147_483_648.0),
        DType::U32 => within(0.0, 4_294_967_296.0),
        DType::I64 => within(-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0),
        DType::U64 => within(0.0, 18_446_744_073_709_551_616.0),
        DType::F32 | DType::F64 => true,
    };
    if !fits {
        return Err(wrong);
    }
    Ok(match dtype {
        DType::Bool => Scalar::Bool(value != 0.0),
        DType::U8 | DType::U32 => Scalar::U32(value as u32),
        DType::I32 => Scalar::I32(value as i32),
        DType::I64 => Scalar::I64(value as i64),
        DType::U64 => Scalar::U64(value as u64),
        DType::F32 => Scalar::F32(value as f32),
        DType::F64 => Scalar::F64(value),
    })
}

fn extents(name: &str, spec: &ArgumentSpec, case: &Case) -> Result<Vec<usize>, ArgumentError> {
    let names = names(case);
    let shape = spec.shape.as_deref().unwrap_or_default();
    let extent = |formula: &Formula| {
        let value = formula.value(&names)?;
        if value.fract() != 0.0 || !(0.0..=MAX_EXTENT).contains(&value) {
            return Err(ArgumentError::Extent { name: name.to_owned(), value });
        }
        Ok(value as usize)
    };
    shape.iter().map(extent).collect()
}

fn array_argument(
    name: &str,
    spec: &ArgumentSpec,
    dtype: DType,
    case: &Case,
) -> Result<Array, ArgumentError> {
    let shape = extents(name, spec, case)?;
    let mut array = Array::zeros(dtype, &shape);
    if let Some(formula) = &spec.each {
        fill_each(name, &mut array, formula, case)?;
    } else if let Some(block) = &spec.block {
        fill_block(name, &mut array, block, case)?;
    } else if let Some(philox) = spec.philox {
        fill_philox(name, &mut array, philox, case)?;
    } else {
        array.poison();
    }
    Ok(array)
}

/// Calls `visit` with every flat index and its indices per axis (0 for an axis that is not there).
fn for_each_index(
    shape: &[usize],
    mut visit: impl FnMut(usize, [usize; 2]) -> Result<(), ArgumentError>,
) -> Result<(), ArgumentError> {
    let columns = shape.get(1).copied().unwrap_or(1);
    for row in 0..shape.first().copied().unwrap_or(1) {
        for column in 0..columns {
            visit(row * columns + column, [row, column])?;
        }
    }
    Ok(())
}

fn fill_each(
    name: &str,
    array: &mut Array,
    formula: &Formula,
    case: &Case,
) -> Result<(), ArgumentError> {
    let mut known = names(case);
    known.insert("i".to_owned(), 0.0);
    known.insert("j".to_owned(), 0.0);
    formula.value(&known)?;
    let mut values = formula.names().iter().map(|name| known[name]).collect::<Vec<f64>>();
    let slot = |axis: &str| formula.names().iter().position(|name| name == axis);
    let (row_slot, column_slot) = (slot("i"), slot("j"));
    let (shape, dtype) = (array.shape().to_vec(), array.dtype());
    for_each_index(&shape, |index, [row, column]| {
        if let Some(slot) = row_slot {
            values[slot] = row as f64;
        }
        if let Some(slot) = column_slot {
            values[slot] = column as f64;
        }
        array.set(index, element(name, dtype, formula.value_of(&values)?)?);
        Ok(())
    })
}

fn fill_block(
    name: &str,
    array: &mut Array,
    block: &Block,
    case: &Case,
) -> Result<(), ArgumentError> {
    let names = names(case);
    let value = element(name, array.dtype(), block.value.value(&names)?)?;
    let inside = block.from.value(&names)?..block.to.value(&names)?;
    let shape = array.shape().to_vec();
    for_each_index(&shape, |index, at| {
        if at[..shape.len()].iter().all(|&axis| inside.contains(&(axis as f64))) {
            array.set(index, value);
        }
        Ok(())
    })
}

fn fill_philox(
    name: &str,
    array: &mut Array,
    spec: Philox,
    case: &Case,
) -> Result<(), ArgumentError> {
    let dtype = array.dtype();
    let word = spec.word as usize;
    let kind = "random: `word` is 0 to 3; `bits` is for integers, `uniform` for floats";
    if word > 3 || dtype.is_float() != (spec.kind == PhiloxKind::Uniform) {
        return Err(ArgumentError::Kind { name: name.to_owned(), kind });
    }
    for index in 0..array.len() {
        let words = philox::stream(case.seed, index as u64);
        let (low, high) = (u64::from(words[word]), u64::from(words[(word + 1) % 4]));
        let value = match dtype {
            DType::F32 => Scalar::F32((low >> 8) as f32 / 16_777_216.0),
            DType::F64 => Scalar::F64(low as f64 / 4_294_967_296.0),
            DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::I64 | DType::U64 => {
                Scalar::from_bits(dtype, high << 32 | low)
            }
        };
        array.set(index, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{CaseRequest, testing};

    use super::*;

    fn case(definition: &Definition) -> Case {
        let size = "small".to_owned();
        definition.case(&CaseRequest { size, ..Default::default() }).unwrap()
    }

    fn array(value: &Value) -> &Array {
        value.as_array().unwrap()
    }

    #[test]
    fn arguments_follow_the_signature_and_the_generators() {
        let definition = testing::definition();
        let made = definition.arguments(&testing::signature(), &case(&definition)).unwrap();
        let grid = array(&made[0]);
        let inside = (0..64).filter(|&i| grid.get(i) == Some(Scalar::F64(0.5))).count();
        assert_eq!((grid.shape(), inside), ([8, 8].as_slice(), 4));
        assert_eq!(grid.get(2 * 8 + 3), Some(Scalar::F64(0.5)));
        assert_eq!(array(&made[1]).get(3), Some(Scalar::F32(0.375)));
        assert_eq!(array(&made[2]).get(0), Some(Scalar::U32(0xe169_c58d)));
        assert_eq!(array(&made[3]).get(7), Some(Scalar::I32(0xA5A5_A5A5_u32 as i32)));
        assert!(matches!(made[4], Value::Scalar(Scalar::F64(rate)) if rate == 0.1));
        let bytes = definition.argument_bytes(&testing::signature(), &case(&definition)).unwrap();
        assert_eq!(bytes, 64 * 8 + 3 * 8 * 4);
    }

    #[test]
    fn descriptions_that_do_not_fit_are_refused() {
        let refuse = |find: &str, replace: &str| {
            let definition = testing::changed(find, replace).unwrap();
            definition.arguments(&testing::signature(), &case(&definition)).unwrap_err()
        };
        let missing = refuse("[arguments.rate]", "[arguments.other]");
        assert!(matches!(missing, ArgumentError::Unknown(_)));
        assert!(matches!(refuse(r#"["n"]"#, r#"["n", "n"]"#), ArgumentError::Kind { .. }));
        assert!(matches!(
            refuse("each = ", "philox = {word=9, kind=\"uniform\"} #"),
            ArgumentError::Kind { .. }
        ));
        assert!(matches!(refuse(r#"each = "i / n""#, ""), ArgumentError::NoInput(_)));
        assert!(matches!(refuse(r#""i / n""#, r#""i / m""#), ArgumentError::Formula(_)));
        assert!(matches!(refuse(r#"["n"]"#, r#"["n - 9"]"#), ArgumentError::Extent { .. }));
    }

    #[test]
    fn a_value_outside_its_type_is_refused() {
        assert!(element("x", DType::U32, -1.0).is_err());
        assert!(element("x", DType::I32, 2_147_483_648.0).is_err());
        assert!(element("x", DType::U64, 0.5).is_err());
        assert!(element("x", DType::U8, f64::NAN).is_err());
        assert_eq!(element("x", DType::F32, 0.1), Ok(Scalar::F32(0.1)));
    }
}
