//! From arguments and returned values after a call to named outputs.

use crossover_contract::{Failure, Phase};
use crossover_values::{Signature, Value};

/// Pairs the outputs of a call with their names, in the signature's order.
pub(crate) fn outputs(
    signature: &Signature,
    arguments: Vec<Value>,
    returned: Vec<Value>,
) -> Result<Vec<(String, Value)>, Failure> {
    if returned.len() != signature.returns.len() {
        let (expected, got) = (signature.returns.len(), returned.len());
        return Err(Failure::Failed(format!("{expected} returned values expected, {got} came")));
    }
    let written = signature.params.iter().zip(arguments);
    let written = written.filter(|(param, _)| param.role.is_output()).map(|(_, value)| value);
    let names = signature.outputs().into_iter().map(|(name, _)| name);
    Ok(names.zip(written.chain(returned)).collect())
}

/// A phase from a duration.
pub(crate) fn phase(name: &'static str, duration: std::time::Duration) -> Phase {
    Phase { name, ns: nanoseconds(duration) }
}

/// Whole nanoseconds; over 584 years read as that.
pub(crate) fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
