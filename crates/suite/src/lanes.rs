//! The vector type that goes with `real`: one generic text for both instances of a SIMD variant.

use fearless_simd::{SimdFloatElement, prelude::*};

use crate::arguments::Real;

/// A real type that has vectors on an instruction set.
pub(crate) trait Lanes<S: Simd>: Real + SimdFloatElement {
    /// The widest vector of it.
    type Vector: SimdFloat<S, Element = Self>;
}

impl<S: Simd> Lanes<S> for f32 {
    type Vector = S::f32s;
}

impl<S: Simd> Lanes<S> for f64 {
    type Vector = S::f64s;
}
