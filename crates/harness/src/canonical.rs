//! Outputs in the form in which they are compared.
//!
//! Where the layout of an output depends on the order in which iterations met (slots of a hash
//! table filled in parallel), the kernel names a form that does not.

use crossover_contract::{CanonicalForm, Definition};
use crossover_values::Value;

use crate::verify::Outputs;

/// Brings the outputs that the definition names into their canonical form.
pub(crate) fn canonical(definition: &Definition, mut outputs: Outputs) -> Outputs {
    for (name, value) in &mut outputs {
        let (Some(form), Value::Array(array)) = (definition.canonical.get(name), &*value) else {
            continue;
        };
        *value = match form {
            CanonicalForm::Sorted => Value::Array(array.sorted()),
        };
    }
    outputs
}
