//! The one place with `unsafe`: machine code in memory, and calls of it.
//!
//! What makes a call sound is kept together here. Generated code touches four kinds of memory:
//! the two tables it is handed ([`crate::layout`]), the arrays whose addresses [`Inputs`] holds,
//! and the cancel flag. [`Inputs`] borrows the arrays and the flag for as long as it lives, and
//! lowering tests every index against the extents that stand beside the address (but for
//! [`crate::Bounds::Unchecked`], whose contract says so).

use std::marker::PhantomData;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use cranelift_jit::JITModule;
use cranelift_module::FuncId;
use crossover_ir::{AxisRange, HostState};
use crossover_values::{Array, with_array};

use crate::layout::{self, Layout};
use crate::names::Names;
use crate::run::Handle;

/// Signature of every unit: inputs, lane table, first and end of the flattened iterations.
type UnitFn = unsafe extern "C" fn(*const u64, *mut u64, u64, u64) -> u32;

/// Finished machine code of the units of one kernel; frees it when dropped.
pub(crate) struct Code {
    /// Owns the memory. Behind a lock only so that `Code` can be shared: nothing locks it.
    module: Mutex<Option<JITModule>>,
    units: Vec<UnitFn>,
    lane_words: Vec<usize>,
    input_words: Vec<usize>,
}

impl Code {
    /// Takes finalised functions of the signature of `UnitFn`; each comes with its unit's tables.
    pub(crate) fn new(module: JITModule, units: &[(FuncId, &Layout)]) -> Code {
        let functions = units.iter().map(|(id, _)| {
            let address = module.get_finalized_function(*id);
            // SAFETY: the address is that of a finished function, which lowering gave the
            // signature of `UnitFn` in the machine's C calling convention.
            unsafe { std::mem::transmute::<*const u8, UnitFn>(address) }
        });
        Code {
            units: functions.collect(),
            lane_words: units.iter().map(|(_, layout)| layout.words).collect(),
            input_words: units.iter().map(|(_, layout)| layout.names.input_words()).collect(),
            module: Mutex::new(Some(module)),
        }
    }

    /// Runs iterations `start..end` of a unit; a serial section ignores the range.
    ///
    /// # Panics
    /// If the tables are not those of the unit.
    pub(crate) fn call(
        &self,
        unit: usize,
        inputs: &Inputs<'_>,
        lane: &mut [u64],
        start: u64,
        end: u64,
    ) -> u32 {
        assert_eq!(lane.len(), self.lane_words[unit], "a lane table of another unit");
        assert_eq!(inputs.words.len(), self.input_words[unit], "inputs of another unit");
        let function = self.units[unit];
        // SAFETY: `function` lives as long as `self`. Both tables have the lengths that it was
        // lowered for. Addresses and extents in the inputs are those of arrays that `inputs`
        // borrows mutably, so nothing else touches them but other calls with the same inputs;
        // what those share is, by rule 16 of the language, either only read or atomic.
        unsafe { function(inputs.words.as_ptr(), lane.as_mut_ptr(), start, end) }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        let module = self.module.get_mut().map(Option::take);
        if let Ok(Some(module)) = module {
            // SAFETY: the functions are called through `self` only, which nothing borrows now.
            unsafe { module.free_memory() }
        }
    }
}

/// The inputs table of one launch.
pub(crate) struct Inputs<'b> {
    words: Vec<u64>,
    borrowed: PhantomData<(&'b mut [Option<Array>], &'b AtomicBool)>,
}

impl<'b> Inputs<'b> {
    /// Fills the table of a unit: axes (none for a serial section), variables, and the arrays that
    /// names are bound to, as indices into `buffers`.
    pub(crate) fn new(
        names: &Names,
        axes: &[AxisRange],
        state: &HostState<Handle>,
        buffers: &'b mut [Option<Array>],
        cancel: &'b AtomicBool,
    ) -> Inputs<'b> {
        let mut words = vec![0; names.input_words()];
        words[layout::CANCEL] = cancel.as_ptr().expose_provenance() as u64;
        for (axis, range) in axes.iter().enumerate() {
            // The low bits are what the index variable's type keeps.
            words[layout::axis_lo(axis)] = range.lo as u64;
            words[layout::axis_count(axis)] = range.count;
        }
        for (var, word) in names.vars() {
            let value = state.vars[var.0 as usize];
            words[word] = value.map_or(0, crossover_values::Scalar::to_bits);
        }
        for (name, word) in names.arrays() {
            let Some(bound) = &state.arrays[name.0 as usize] else { continue };
            let Some(array) = buffers[*bound.buffer].as_mut() else { continue };
            for (axis, extent) in array.shape().iter().enumerate() {
                words[word + 1 + axis] = *extent as u64;
            }
            words[word] = address(array);
        }
        Inputs { words, borrowed: PhantomData }
    }
}

/// Address of the first element.
fn address(array: &mut Array) -> u64 {
    with_array!(array, a => a.as_mut_ptr().expose_provenance() as u64)
}
