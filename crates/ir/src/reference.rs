//! A slow, direct evaluator: the oracle for tests of every other executor.
//!
//! It walks lane code as it stands, one iteration after the other, with [`crate::eval`] for every
//! op and rule 11's order for float reductions, region-wide and inner alike. It shares nothing
//! with the interpreter but the host-level walk, and counts nothing: endless code runs endlessly.

use crossover_values::{Array, DType, Scalar, Value};

use crate::{
    Apart, Argument, AxisRange, Bound, Device, HostState, Kernel, KernelParam, Module, Region,
    Serial, Span, Trap, TrapKind, UnitId, Valid, VarId, run_host, signature,
};

mod accumulate;
mod lane;

use accumulate::Accumulator;
use lane::Lane;

/// Most bytes that [`Reference`] allocates in all.
const MEMORY_LIMIT: u64 = 1 << 30;

/// A device that evaluates lane code directly. Its buffers are numbers of arrays.
#[derive(Debug)]
pub struct Reference {
    names: Vec<String>,
    arrays: Vec<Array>,
}

impl Reference {
    /// A device for one kernel, whose array names it uses in messages.
    pub fn new(kernel: &Kernel) -> Reference {
        let names = kernel.arrays.iter().map(|array| array.name.clone()).collect();
        Reference { names, arrays: Vec::new() }
    }

    /// Takes an array.
    pub fn upload(&mut self, array: Array) -> Bound<usize> {
        let shape = array.shape().iter().map(|extent| *extent as u64).collect();
        let dtype = array.dtype();
        self.arrays.push(array);
        Bound { buffer: self.arrays.len() - 1, dtype, shape }
    }

    /// The present contents of an array.
    pub fn download(&self, bound: &Bound<usize>) -> Array {
        self.arrays[bound.buffer].clone()
    }
}

/// Runs a kernel on values and returns its outputs, in the order of
/// [`crossover_values::Signature::outputs`].
///
/// # Errors
/// The kernel's run-time error.
///
/// # Panics
/// As [`run_host`], if the arguments do not meet the parameters.
pub fn run(module: &Valid<Module>, kernel: usize, arguments: &[Value]) -> Result<Vec<Value>, Trap> {
    run_simplified(module, kernel, &module.kernels[kernel], arguments)
}

/// The same for a kernel that [`crate::passes::simplify`] has made of `written`, whose outputs and
/// errors it has.
///
/// # Errors
/// The kernel's run-time error.
///
/// # Panics
/// As [`run_host`], if the arguments do not meet the parameters.
pub fn run_simplified(
    module: &Valid<Module>,
    kernel: usize,
    written: &Kernel,
    arguments: &[Value],
) -> Result<Vec<Value>, Trap> {
    let info = &module.kernels[kernel];
    let mut device = Reference::new(info);
    let arguments: Vec<Argument<usize>> = arguments
        .iter()
        .map(|value| match value {
            Value::Scalar(scalar) => Argument::Scalar(*scalar),
            Value::Array(array) => Argument::Array(device.upload(array.clone())),
        })
        .collect();
    let output = run_host(module, kernel, &Apart::of(written), &mut device, &arguments)?;
    let roles = signature(written);
    let arrays = info.params.iter().zip(&roles.params);
    let arrays = arrays.filter(|(param, _)| matches!(param, KernelParam::Array(_)));
    let mut outputs: Vec<Value> = arrays
        .zip(&output.params)
        .filter(|((_, param), _)| param.role.is_output())
        .map(|(_, bound)| Value::Array(device.download(bound)))
        .collect();
    outputs.extend(output.returned.iter().map(|returned| match returned {
        Argument::Scalar(scalar) => Value::Scalar(*scalar),
        Argument::Array(bound) => Value::Array(device.download(bound)),
    }));
    Ok(outputs)
}

impl Device for Reference {
    type Buffer = usize;
    type Error = Trap;

    fn zeros(&mut self, dtype: DType, shape: &[u64], span: Span) -> Result<usize, Trap> {
        let elements = shape.iter().try_fold(1_u64, |total, extent| total.checked_mul(*extent));
        let present: u64 = self.arrays.iter().map(|array| array.bytes().len() as u64).sum();
        let needed = elements
            .and_then(|elements| elements.checked_mul(dtype.size() as u64))
            .map_or(u64::MAX, |bytes| bytes.saturating_add(present));
        if needed > MEMORY_LIMIT {
            let kind = TrapKind::MemoryLimit { needed, limit: MEMORY_LIMIT };
            return Err(Trap { kind, span, iteration: None });
        }
        let shape: Vec<usize> = shape.iter().map(|extent| *extent as usize).collect();
        self.arrays.push(Array::zeros(dtype, &shape));
        Ok(self.arrays.len() - 1)
    }

    fn region(
        &mut self,
        _: UnitId,
        region: &Region,
        axes: &[AxisRange],
        state: &mut HostState<usize>,
    ) -> Result<(), Trap> {
        let total = AxisRange::total(axes).expect("the host level checks that it fits");
        let mut region_sums = lane::region_accumulators(&region.code, &state.vars);
        for iteration in 0..total {
            region_sums.iter_mut().flatten().for_each(|sum| sum.begin(iteration));
            let mut lane = Lane::new(&region.code, self, state, Some(iteration));
            lane.reduces = std::mem::take(&mut region_sums);
            let mut rest = iteration;
            for (axis, range) in region.axes.iter().zip(axes).rev() {
                lane.set_integer(axis.index, range.at(rest % range.count));
                rest /= range.count;
            }
            for axis in &region.axes {
                lane.block(&axis.prefix)?;
            }
            lane.block(&region.code.body)?;
            region_sums = std::mem::take(&mut lane.reduces);
        }
        for (reduce, sum) in region.code.reduces.iter().zip(region_sums) {
            let Some(sum) = sum else { continue };
            let (value, payload) = sum.finish();
            state.vars[reduce.target.0 as usize] = Some(value);
            for (var, value) in reduce.payload.iter().zip(payload) {
                state.vars[var.0 as usize] = Some(value);
            }
        }
        Ok(())
    }

    fn serial(
        &mut self,
        _: UnitId,
        serial: &Serial,
        state: &mut HostState<usize>,
    ) -> Result<(), Trap> {
        Lane::new(&serial.code, self, state, None).block(&serial.code.body).map(|_| ())
    }

    fn fetch(&mut self, _: VarId, _: &mut HostState<usize>) -> Result<Scalar, Trap> {
        unreachable!("this device keeps no variables, and the validator proves that all are set")
    }

    fn step(&mut self, _: Span) -> Result<(), Trap> {
        Ok(())
    }
}
