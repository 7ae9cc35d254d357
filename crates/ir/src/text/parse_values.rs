//! Reading argument and output values of fixtures.

use crossover_values::{Array, DType, Scalar, Value};

use super::ParseError;
use super::lex::Token;
use super::parse::Parser;

/// Most elements of one array in a fixture.
const MAX_ELEMENTS: usize = 1 << 24;

/// Reads values with commas between them: `i32 5, f32[2]{1.0, -inf}, u8[2, 3]{=0}`.
///
/// # Errors
/// The first place where the text is no value.
pub(crate) fn parse_values(text: &str) -> Result<Vec<Value>, ParseError> {
    let mut parser = Parser::new(text)?;
    let mut values = Vec::new();
    while parser.token != Token::End {
        if !values.is_empty() {
            parser.mark(',')?;
        }
        values.push(parser.any_value()?);
    }
    Ok(values)
}

impl Parser<'_> {
    fn any_value(&mut self) -> Result<Value, ParseError> {
        let dtype = self.dtype()?;
        if self.token != Token::Mark('[') {
            return self.constant(dtype).map(Value::Scalar);
        }
        let shape: Vec<usize> = self.list(('[', ']'), |parser| parser.integer("an extent"))?;
        let len = shape.iter().try_fold(1_usize, |len, extent| len.checked_mul(*extent));
        let Some(len) = len.filter(|len| *len <= MAX_ELEMENTS) else {
            return self.error(format!("a fixture's array has at most {MAX_ELEMENTS} elements"));
        };
        let mut array = Array::zeros(dtype, &shape);
        for (index, element) in self.elements(dtype, len)?.into_iter().enumerate() {
            array.set(index, element);
        }
        Ok(Value::Array(array))
    }

    /// `{=1}`, all alike, or as many as there are, row-major.
    fn elements(&mut self, dtype: DType, len: usize) -> Result<Vec<Scalar>, ParseError> {
        self.mark('{')?;
        let elements = if self.accept_mark('=')? {
            vec![self.constant(dtype)?; len]
        } else {
            let mut elements = Vec::new();
            while self.token != Token::Mark('}') {
                if !elements.is_empty() {
                    self.mark(',')?;
                }
                elements.push(self.constant(dtype)?);
            }
            elements
        };
        if elements.len() != len {
            return self.error(format!("{len} elements expected, {} given", elements.len()));
        }
        self.mark('}')?;
        Ok(elements)
    }
}

/// Writes a value so that [`parse_values`] reads its bits back.
pub(crate) fn print_value(value: &Value) -> String {
    match value {
        Value::Scalar(scalar) => format!("{} {}", scalar.dtype(), super::print::constant(*scalar)),
        Value::Array(array) => {
            let extents: Vec<String> = array.shape().iter().map(usize::to_string).collect();
            let elements = (0..array.len()).filter_map(|index| array.get(index));
            let elements: Vec<String> = elements.map(super::print::constant).collect();
            format!("{}[{}]{{{}}}", array.dtype(), extents.join(", "), elements.join(", "))
        }
    }
}
