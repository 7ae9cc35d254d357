//! Arguments to try, spread evenly: each lies at random in a stratum of its own.

use crossover_values::{Array, DType};

/// Points of one call.
const POINTS: u32 = 500_000;

/// Numbers from 0 to 1, by a linear congruence (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Evenly from `lo` to `hi`.
pub(crate) fn range(lo: f64, hi: f64) -> Vec<f64> {
    let mut random = Random(1);
    let share = |i: u32, at: f64| (f64::from(i) + at) / f64::from(POINTS);
    (0..POINTS).map(|i| lo + (hi - lo) * share(i, random.next())).collect()
}

/// Evenly over the sizes from 2^lo to 2^(hi + 1), of both signs in turn.
pub(crate) fn sizes(lo: i32, hi: i32) -> Vec<f64> {
    let mut random = Random(2);
    let exponents = range(f64::from(lo), f64::from(hi + 1));
    let number = |(i, exponent): (usize, f64)| {
        let whole = exponent.floor() as i32;
        let fraction = 1.0 + random.next();
        let size = fraction * 2.0_f64.powi(whole / 2) * 2.0_f64.powi(whole - whole / 2);
        if i % 2 == 0 { size } else { -size }
    };
    exponents.into_iter().enumerate().map(number).collect()
}

/// Every 1,001st pattern of bits, in pieces.
pub(crate) fn every_f32() -> impl Iterator<Item = Vec<f32>> {
    let bits = (0..=u32::MAX).step_by(1001).map(f32::from_bits);
    let all: Vec<f32> = bits.collect();
    let pieces: Vec<Vec<f32>> = all.chunks(1 << 20).map(<[f32]>::to_vec).collect();
    pieces.into_iter()
}

pub(crate) fn array_f32(values: &[f32]) -> Array {
    array(DType::F32, values.len(), bytemuck::cast_slice(values))
}

pub(crate) fn array_f64(values: &[f64]) -> Array {
    array(DType::F64, values.len(), bytemuck::cast_slice(values))
}

fn array(dtype: DType, length: usize, bytes: &[u8]) -> Array {
    Array::from_bytes(dtype, &[length], bytes).expect("as many bytes as the shape has")
}
