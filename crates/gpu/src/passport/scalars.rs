//! Questions that one invocation answers in one word each: integers, conversions, odd floats.

use std::fmt::Write;

use crate::{
    error::GpuError,
    passport::{Canary, Probe, bytes_of},
};

/// How to show an answer.
#[derive(Clone, Copy)]
enum Show {
    Int,
    Uint,
    Float,
    Bool,
}

/// One question. `code` is WGSL of type `u32`, over the names of [`PRELUDE`]; all operands come
/// from buffers, so that no compiler can fold them.
struct Row {
    name: &'static str,
    code: &'static str,
    show: Show,
    /// Answers that WGSL allows; none means that it leaves the answer open.
    allowed: &'static [u32],
}

const PRELUDE: &str = "
@group(0) @binding(0) var<storage, read> i: array<i32>;
@group(0) @binding(1) var<storage, read> f: array<f32>;
@group(0) @binding(2) var<storage, read_write> answer: array<u32>;
@compute @workgroup_size(1)
fn main() {
    let zero = i[0]; let seven = i[1]; let least = i[2]; let most = i[3]; let minus = i[4];
    let two = i[5]; let wide = i[6]; let odd = i[7]; let eight = i[8];
    let one_f = f[0]; let nan = f[1]; let big = f[2]; let huge = f[3]; let half = f[4];
    let small = f[5]; let normal = f[6]; let a = f[7]; let b = f[8]; let zero_f = f[9];
";

const INTS: [i32; 9] = [0, 7, i32::MIN, i32::MAX, -1, 2, 33, 16_777_217, -8];

fn floats() -> [f32; 10] {
    let a = 1.0 + 2_f32.powi(-12);
    let b = 1.0 + 2_f32.powi(-11);
    [1.0, f32::NAN, 3e9, 5e9, 2.5, 1e-40, f32::MIN_POSITIVE, a, b, 0.0]
}

/// Bits of a signed answer.
const fn int(value: i32) -> u32 {
    value.cast_unsigned()
}

/// Bits of 1e-40, a subnormal.
const SUBNORMAL: u32 = 0x0001_16C2;

const ROWS: &[Row] = &[
    Row { name: "7 / 0", code: "bitcast<u32>(seven / zero)", show: Show::Int, allowed: &[7] },
    Row { name: "7 % 0", code: "bitcast<u32>(seven % zero)", show: Show::Int, allowed: &[0] },
    Row {
        name: "MIN / -1",
        code: "bitcast<u32>(least / minus)",
        show: Show::Int,
        allowed: &[int(i32::MIN)],
    },
    Row { name: "MIN % -1", code: "bitcast<u32>(least % minus)", show: Show::Int, allowed: &[0] },
    Row {
        name: "-7 / 2",
        code: "bitcast<u32>(-seven / two)",
        show: Show::Int,
        allowed: &[int(-3)],
    },
    Row {
        name: "-7 % 2",
        code: "bitcast<u32>(-seven % two)",
        show: Show::Int,
        allowed: &[int(-1)],
    },
    Row {
        name: "MAX + 1",
        code: "bitcast<u32>(most - minus)",
        show: Show::Int,
        allowed: &[int(i32::MIN)],
    },
    Row {
        name: "abs(MIN)",
        code: "bitcast<u32>(abs(least))",
        show: Show::Int,
        allowed: &[int(i32::MIN)],
    },
    Row { name: "-MIN", code: "bitcast<u32>(-least)", show: Show::Int, allowed: &[int(i32::MIN)] },
    Row { name: "1 << 33", code: "1u << u32(wide)", show: Show::Uint, allowed: &[2] },
    Row {
        name: "-8 >> 33",
        code: "bitcast<u32>(eight >> u32(wide))",
        show: Show::Int,
        allowed: &[int(-4)],
    },
    Row { name: "0u - 1u", code: "u32(zero) - 1u", show: Show::Uint, allowed: &[u32::MAX] },
    Row {
        name: "i32(3e9)",
        code: "bitcast<u32>(i32(big))",
        show: Show::Int,
        allowed: &[2_147_483_520],
    },
    Row {
        name: "i32(-3e9)",
        code: "bitcast<u32>(i32(-big))",
        show: Show::Int,
        allowed: &[int(i32::MIN)],
    },
    Row { name: "u32(5e9)", code: "u32(huge)", show: Show::Uint, allowed: &[4_294_967_040] },
    Row { name: "u32(-1.0)", code: "u32(-one_f)", show: Show::Uint, allowed: &[0] },
    Row { name: "i32(NaN)", code: "bitcast<u32>(i32(nan))", show: Show::Int, allowed: &[] },
    Row {
        name: "f32(16777217)",
        code: "bitcast<u32>(f32(odd))",
        show: Show::Float,
        allowed: &[16_777_216_f32.to_bits(), 16_777_218_f32.to_bits()],
    },
    Row {
        name: "round(2.5)",
        code: "bitcast<u32>(round(half))",
        show: Show::Float,
        allowed: &[2_f32.to_bits()],
    },
    Row {
        name: "0.0 * -1.0",
        code: "bitcast<u32>(zero_f * -one_f)",
        show: Show::Float,
        allowed: &[0, (-0_f32).to_bits()],
    },
    Row {
        name: "1.0 / 0.0",
        code: "bitcast<u32>(one_f / zero_f)",
        show: Show::Float,
        allowed: &[],
    },
    Row {
        name: "min(NaN, 1.0)",
        code: "bitcast<u32>(min(nan, one_f))",
        show: Show::Float,
        allowed: &[],
    },
    Row { name: "NaN == NaN", code: "u32(nan == nan)", show: Show::Bool, allowed: &[] },
    Row { name: "NaN < 1.0", code: "u32(nan < one_f)", show: Show::Bool, allowed: &[] },
    Row { name: "NaN >= 1.0", code: "u32(nan >= one_f)", show: Show::Bool, allowed: &[] },
    Row { name: "NaN != 1.0", code: "u32(nan != one_f)", show: Show::Bool, allowed: &[] },
    Row {
        name: "1e-40 * 1.0",
        code: "bitcast<u32>(small * one_f)",
        show: Show::Float,
        allowed: &[SUBNORMAL, 0],
    },
    Row {
        name: "2^-126 * 0.5",
        code: "bitcast<u32>(normal * (half - f32(two)))",
        show: Show::Float,
        allowed: &[0x0040_0000, 0],
    },
    Row {
        name: "fma(1+2^-12, 1+2^-12, -(1+2^-11))",
        code: "bitcast<u32>(fma(a, a, -b))",
        show: Show::Float,
        allowed: &[FUSED, 0],
    },
];

/// 2^-24: what is left of a product that was not rounded.
const FUSED: u32 = 0x3380_0000;

/// The answers, and what others ask of them by name.
pub(super) struct Scalars {
    pub(super) canaries: Vec<Canary>,
    pub(super) fma_fused: bool,
    pub(super) subnormals_kept: bool,
    pub(super) nan_compares: bool,
}

/// Asks every row.
pub(super) fn ask(probe: &mut Probe) -> Result<Scalars, GpuError> {
    let mut source = PRELUDE.to_owned();
    for (index, row) in ROWS.iter().enumerate() {
        writeln!(source, "    answer[{index}] = {};", row.code).expect("strings grow");
    }
    source.push('}');
    let floats = floats();
    let inputs = [bytes_of(&INTS), bytes_of(&floats)];
    let bytes = probe.ask(&source, "main", &inputs, 4 * ROWS.len() as u64, 1)?;
    Ok(judge(&bytemuck::pod_collect_to_vec(&bytes)))
}

fn judge(answers: &[u32]) -> Scalars {
    let said = |name: &str, bits: u32| {
        ROWS.iter().zip(answers).any(|(row, answer)| row.name == name && *answer == bits)
    };
    Scalars {
        fma_fused: said("fma(1+2^-12, 1+2^-12, -(1+2^-11))", FUSED),
        subnormals_kept: said("1e-40 * 1.0", SUBNORMAL),
        nan_compares: said("NaN == NaN", 0)
            && said("NaN < 1.0", 0)
            && said("NaN >= 1.0", 0)
            && said("NaN != 1.0", 1),
        canaries: ROWS.iter().zip(answers).map(|(row, answer)| canary(row, *answer)).collect(),
    }
}

fn canary(row: &Row, answer: u32) -> Canary {
    let expected = if row.allowed.is_empty() {
        "open".to_owned()
    } else {
        let words: Vec<String> = row.allowed.iter().map(|bits| show(row.show, *bits)).collect();
        words.join(" or ")
    };
    let ok = row.allowed.is_empty() || row.allowed.contains(&answer);
    Canary::new(row.name, expected, show(row.show, answer), ok)
}

fn show(how: Show, bits: u32) -> String {
    match how {
        Show::Int => bits.cast_signed().to_string(),
        Show::Uint => bits.to_string(),
        Show::Float => format!("{:?}", f32::from_bits(bits)),
        Show::Bool => (bits != 0).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_is_not_ok_and_an_open_one_is() {
        assert_eq!(1e-40_f32.to_bits(), SUBNORMAL);
        assert_eq!(2_f32.powi(-24).to_bits(), FUSED);
        let right: Vec<u32> =
            ROWS.iter().map(|row| row.allowed.first().copied().unwrap_or(0)).collect();
        let scalars = judge(&right);
        assert!(scalars.canaries.iter().all(|c| c.ok));
        assert!(scalars.fma_fused && scalars.subnormals_kept && !scalars.nan_compares);
        let mut wrong = right;
        wrong[4] = int(-4);
        let scalars = judge(&wrong);
        let broken: Vec<&Canary> = scalars.canaries.iter().filter(|c| !c.ok).collect();
        assert_eq!(broken.len(), 1);
        assert_eq!((broken[0].name.as_str(), broken[0].got.as_str()), ("-7 / 2", "-4"));
    }
}
