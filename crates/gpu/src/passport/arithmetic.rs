//! How floats are computed: in the written order, or in another; with one rounding, or with two.
//!
//! WGSL allows reassociation and contraction anywhere. Which of them a driver does explains the
//! differences of a chaotic kernel, so candidates are computed here and the one that explains
//! every answer is named.

use crate::{
    error::GpuError,
    passport::{Canary, Probe, bytes_of},
};

/// `REAL` stands for the type.
const SOURCE: &str = "
@group(0) @binding(0) var<storage, read> input: array<REAL>;
@group(0) @binding(1) var<storage, read_write> answer: array<REAL>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let n = arrayLength(&input) / 3u;
    let a = input[id.x];
    let b = input[id.x + n];
    let c = input[id.x + 2u * n];
    answer[id.x] = a * a - b * b - c;
    answer[id.x + n] = a * b + c;
    answer[id.x + 2u * n] = a / b;
    answer[id.x + 3u * n] = sqrt(a);
}";

/// Number of triples; a multiple of the workgroup's 64.
const SAMPLES: usize = 256;

/// How an expression was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// As written, each operation rounded.
    Strict,
    /// In another order, each operation rounded.
    Reassociated,
    /// With products that were not rounded before a sum.
    Fused,
    /// No single way explains every answer.
    Unexplained,
}

impl Evaluation {
    /// The word for tables and records.
    pub fn name(self) -> &'static str {
        match self {
            Evaluation::Strict => "strict",
            Evaluation::Reassociated => "reassociated",
            Evaluation::Fused => "fused",
            Evaluation::Unexplained => "unexplained",
        }
    }
}

/// How a float type is computed, from 256 samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// `a*a - b*b - c`.
    pub difference: Evaluation,
    /// Samples of it that differ from the strict answer.
    pub difference_off: u32,
    /// `a*b + c`.
    pub multiply_add: Evaluation,
    /// Quotients that are not the nearest float.
    pub division_off: u32,
    /// Square roots that are not the nearest float.
    pub sqrt_off: u32,
    /// Samples.
    pub samples: u32,
}

impl Arithmetic {
    /// Whether everything asked was computed as IEEE-754 says, in the written order.
    pub fn is_strict(&self) -> bool {
        self.difference == Evaluation::Strict
            && self.multiply_add == Evaluation::Strict
            && self.division_off == 0
            && self.sqrt_off == 0
    }

    pub(super) fn canaries(&self, dtype: &str) -> Vec<Canary> {
        let of = |n: u32| format!("{n} of {} not nearest", self.samples);
        let way = |name: &str, evaluation: Evaluation, note: &str| {
            let explained = evaluation != Evaluation::Unexplained;
            Canary::new(&format!("{dtype}: {name}"), "any order", evaluation.name(), explained)
                .note(note)
        };
        let off =
            format!("{} of {} differ from the strict answer", self.difference_off, self.samples);
        // WGSL allows 2.5 ulp for a quotient and more for a root: not nearest is no broken promise.
        vec![
            way("a*a - b*b - c", self.difference, &off),
            way("a*b + c", self.multiply_add, ""),
            Canary::new(&format!("{dtype}: a / b"), "within 2.5 ulp", of(self.division_off), true),
            Canary::new(&format!("{dtype}: sqrt(a)"), "near", of(self.sqrt_off), true),
        ]
    }
}

macro_rules! ask {
    ($name:ident, $judge:ident, $real:ty, $bits:literal, $doc:literal) => {
        #[doc = $doc]
        pub(super) fn $name(probe: &mut Probe) -> Result<Arithmetic, GpuError> {
            let source = SOURCE.replace("REAL", stringify!($real));
            let input: Vec<$real> =
                samples(3 * SAMPLES, $bits).into_iter().map(|v| v as $real).collect();
            let output = (4 * SAMPLES * size_of::<$real>()) as u64;
            let groups = (SAMPLES / 64) as u32;
            let bytes = probe.ask(&source, "main", &[bytes_of(&input)], output, groups)?;
            let answer: Vec<$real> = bytemuck::pod_collect_to_vec(&bytes);
            Ok($judge(&input, &answer))
        }

        fn $judge(input: &[$real], answer: &[$real]) -> Arithmetic {
            type Way = ($crate::passport::Evaluation, fn($real, $real, $real) -> $real);
            const DIFFERENCE: [Way; 9] = [
                (Evaluation::Strict, |a, b, c| (a * a - b * b) - c),
                (Evaluation::Reassociated, |a, b, c| (a * a - c) - b * b),
                (Evaluation::Reassociated, |a, b, c| a * a - (b * b + c)),
                (Evaluation::Reassociated, |a, b, c| (a - b) * (a + b) - c),
                (Evaluation::Fused, |a, b, c| a.mul_add(a, -(b * b)) - c),
                (Evaluation::Fused, |a, b, c| (-b).mul_add(b, a * a) - c),
                (Evaluation::Fused, |a, b, c| (-b).mul_add(b, a * a - c)),
                (Evaluation::Fused, |a, b, c| (-b).mul_add(b, a.mul_add(a, -c))),
                (Evaluation::Fused, |a, b, c| a.mul_add(a, -b.mul_add(b, c))),
            ];
            const MULTIPLY_ADD: [Way; 2] = [
                (Evaluation::Strict, |a, b, c| a * b + c),
                (Evaluation::Fused, |a, b, c| a.mul_add(b, c)),
            ];
            let n = input.len() / 3;
            let off = |block: usize, way: fn($real, $real, $real) -> $real| {
                (0..n)
                    .filter(|i| {
                        let expected = way(input[*i], input[i + n], input[i + 2 * n]);
                        expected.to_bits() != answer[i + block * n].to_bits()
                    })
                    .count() as u32
            };
            let explain = |block: usize, ways: &[Way]| {
                ways.iter()
                    .find(|(_, way)| off(block, *way) == 0)
                    .map_or(Evaluation::Unexplained, |(evaluation, _)| *evaluation)
            };
            Arithmetic {
                difference: explain(0, &DIFFERENCE),
                difference_off: off(0, DIFFERENCE[0].1),
                multiply_add: explain(1, &MULTIPLY_ADD),
                division_off: off(2, |a, b, _| a / b),
                sqrt_off: off(3, |a, _, _| a.sqrt()),
                samples: n as u32,
            }
        }
    };
}

ask!(ask_f32, judge_f32, f32, 24, "Asks for `f32`.");
ask!(ask_f64, judge_f64, f64, 53, "Asks for `f64`.");

/// Numbers in [0.5, 2) whose fractions are full, from a fixed generator.
fn samples(n: usize, bits: u32) -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let unit = 2_f64.powi(-(bits.cast_signed()));
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            0.5 + 1.5 * ((state >> (64 - bits)) as f64 * unit)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(difference: fn(f32, f32, f32) -> f32, sum: fn(f32, f32, f32) -> f32) -> Arithmetic {
        let input: Vec<f32> = samples(3 * SAMPLES, 24).into_iter().map(|v| v as f32).collect();
        let n = SAMPLES;
        let triple = |i: usize| (input[i], input[i + n], input[i + 2 * n]);
        let each = |f: fn(f32, f32, f32) -> f32| {
            (0..n).map(move |i| f(triple(i).0, triple(i).1, triple(i).2)).collect::<Vec<f32>>()
        };
        let output =
            [each(difference), each(sum), each(|a, b, _| a / b), each(|a, _, _| a.sqrt())].concat();
        judge_f32(&input, &output)
    }

    #[test]
    fn ways_of_computing_are_told_apart() {
        let plain: fn(f32, f32, f32) -> f32 = |a, b, c| a * b + c;
        let strict = answers(|a, b, c| a * a - b * b - c, plain);
        assert!(strict.is_strict() && strict.difference_off == 0);
        let moved = answers(|a, b, c| (a * a - c) - b * b, plain);
        assert_eq!(moved.difference, Evaluation::Reassociated);
        assert!(moved.difference_off > 20 && !moved.is_strict());
        let fused = answers(|a, b, c| a.mul_add(a, -(b * b)) - c, |a, b, c| a.mul_add(b, c));
        assert_eq!(fused.difference, Evaluation::Fused);
        assert_eq!(fused.multiply_add, Evaluation::Fused);
        let wrong = answers(|a, b, c| a * a - b * b - c + 1e-6, plain);
        assert_eq!(wrong.difference, Evaluation::Unexplained);
        assert!(wrong.canaries("f32").iter().any(|c| !c.ok));
    }
}
