//! Trap sites: generated code reports a number and a value, this table says what they mean.

use crossover_ir::{ArrayId, Code, Kernel, ScratchId, Span, Trap, TrapKind};
use crossover_values::{DType, Scalar};

/// A place in generated code that can raise a run-time error.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// What a failure here means.
    pub(crate) kind: SiteKind,
    /// The expression in the source.
    pub(crate) span: Span,
}

/// What a failure means; the value in question comes as the site's payload.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SiteKind {
    /// The payload is the dividend.
    Division(DType),
    /// The payload is the index.
    Bounds {
        /// The array.
        array: ArrayId,
        /// The axis.
        axis: u32,
        /// Type of the index.
        index: DType,
    },
    /// The payload is the index.
    ScratchBounds {
        /// The scratch array.
        scratch: ScratchId,
        /// Type of the index.
        index: DType,
    },
    /// The payload is the float.
    Cast {
        /// Its type.
        from: DType,
        /// The target.
        to: DType,
    },
    /// No payload.
    Explicit(u32),
}

/// What generated code left behind when it stopped at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Index of the site.
    pub(crate) site: u64,
    /// The value in question as bits.
    pub(crate) payload: u64,
    /// Flattened index of the iteration.
    pub(crate) iteration: u64,
}

impl Site {
    /// The trap that a failure at this site is. `extent` gives the run's extents of arrays.
    pub(crate) fn trap(
        &self,
        kernel: &Kernel,
        code: &Code,
        failure: Failure,
        iteration: Option<u64>,
        extent: impl Fn(ArrayId, u32) -> u64,
    ) -> Trap {
        let payload = |dtype| Scalar::from_bits(dtype, failure.payload);
        let kind = match self.kind {
            SiteKind::Division(dtype) => TrapKind::DivisionByZero { dividend: payload(dtype) },
            SiteKind::Bounds { array, axis, index } => TrapKind::OutOfBounds {
                array: kernel.arrays[array.0 as usize].name.clone(),
                axis,
                index: payload(index),
                extent: extent(array, axis),
            },
            SiteKind::ScratchBounds { scratch, index } => {
                let scratch = &code.scratch[scratch.0 as usize];
                TrapKind::OutOfBounds {
                    array: scratch.name.clone(),
                    axis: 0,
                    index: payload(index),
                    extent: u64::from(scratch.len),
                }
            }
            SiteKind::Cast { from, to } => TrapKind::cast_range(payload(from), to),
            SiteKind::Explicit(code) => TrapKind::Explicit { code },
        };
        Trap { kind, span: self.span, iteration }
    }
}
