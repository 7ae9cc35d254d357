//! Functions that the text brings along for ops that WGSL lacks or defines otherwise.

use crossover_values::DType;

use super::literal::type_name;

/// A helper that a unit needs; ordered, so that the text is deterministic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Helper {
    /// A private variable that holds these bits.
    Bits(u32),
    /// `i32` floor division.
    DivFloor,
    /// `i32` floor remainder.
    RemFloor,
    /// Float minimum of the language.
    Min(DType),
    /// Float maximum of the language.
    Max(DType),
    /// High word of a `u32` product.
    MulHighU32,
    /// High word of an `i32` product.
    MulHighI32,
    /// Saturating cast, from and to.
    CastSat(DType, DType),
    /// Power with a base of zero or less.
    Pow,
    /// Angle of a point on the axis.
    Atan2,
    /// Hyperbolic tangent of large arguments.
    Tanh,
    /// Error function.
    Erf,
    /// A routine of the library of 64-bit integers.
    Words(&'static str),
}

impl Helper {
    /// Helpers that this one calls.
    pub(crate) fn needs(self) -> Vec<Helper> {
        match self {
            Helper::MulHighI32 => vec![Helper::MulHighU32],
            Helper::Words(name) => super::words::needs(name),
            Helper::Bits(_)
            | Helper::DivFloor
            | Helper::RemFloor
            | Helper::Min(_)
            | Helper::Max(_)
            | Helper::MulHighU32
            | Helper::CastSat(..)
            | Helper::Pow
            | Helper::Atan2
            | Helper::Tanh
            | Helper::Erf => Vec::new(),
        }
    }

    /// Its declaration.
    pub(crate) fn text(self) -> String {
        match self {
            Helper::Bits(bits) => format!("var<private> bits_{bits:08x}: u32 = {bits}u;\n"),
            Helper::DivFloor => DIV_FLOOR.to_owned(),
            Helper::RemFloor => REM_FLOOR.to_owned(),
            Helper::Min(dtype) => pick("min", dtype, "b < a"),
            Helper::Max(dtype) => pick("max", dtype, "a < b"),
            Helper::MulHighU32 => MUL_HIGH_U32.to_owned(),
            Helper::MulHighI32 => MUL_HIGH_I32.to_owned(),
            Helper::CastSat(from, to) => cast_sat(from, to),
            Helper::Pow => POW.to_owned(),
            Helper::Atan2 => ATAN2.to_owned(),
            Helper::Tanh => TANH.to_owned(),
            Helper::Erf => ERF.to_owned(),
            Helper::Words(name) => super::words::text(name),
        }
    }
}

fn pick(name: &str, dtype: DType, condition: &str) -> String {
    let ty = type_name(dtype);
    format!(
        "fn {name}_{ty}(a: {ty}, b: {ty}) -> {ty} {{\n    return select(a, b, ({condition}));\n}}\n"
    )
}

fn cast_sat(from: DType, to: DType) -> String {
    let (from, to_name) = (type_name(from), type_name(to));
    let suffix = if from == "f64" { "lf" } else { "f" };
    let (low, below, high, above) = match to {
        DType::I32 => ("i32(-2147483648)", "-2147483648.0", "2147483647i", "2147483648.0"),
        _ => ("0u", "0.0", "4294967295u", "4294967296.0"),
    };
    format!(
        "fn cast_sat_{from}_{to_name}(a: {from}) -> {to_name} {{
    let inside = (a > {below}{suffix}) && (a < {above}{suffix});
    let nearest = {to_name}(select(0.0{suffix}, a, inside));
    let clamped = select(nearest, {high}, (a >= {above}{suffix}));
    return select(clamped, {low}, (a <= {below}{suffix}));
}}
"
    )
}

const DIV_FLOOR: &str = "\
fn div_floor_i32(a: i32, b: i32) -> i32 {
    let q = (a / b);
    let r = (a - (q * b));
    return select(q, (q - 1i), ((r != 0i) && ((r ^ b) < 0i)));
}
";

// An index that wraps around, a in [-b, 2b), needs no division, which is slow on every device.
const REM_FLOOR: &str = "\
fn rem_floor_i32(a: i32, b: i32) -> i32 {
    let up = select(a, (a + b), (a < 0i));
    let near = select(up, (up - b), (up >= b));
    if ((near >= 0i) && (near < b)) {
        return near;
    }
    let r = (a - ((a / b) * b));
    return select(r, (r + b), ((r != 0i) && ((r ^ b) < 0i)));
}
";

// Schoolbook product of 16-bit halves; no intermediate exceeds 32 bits.
const MUL_HIGH_U32: &str = "\
fn mul_high_u32(a: u32, b: u32) -> u32 {
    let a0 = (a & 65535u);
    let a1 = (a >> 16u);
    let b0 = (b & 65535u);
    let b1 = (b >> 16u);
    let low = (a0 * b0);
    let mid = ((a1 * b0) + (low >> 16u));
    let cross = ((a0 * b1) + (mid & 65535u));
    return (((a1 * b1) + (mid >> 16u)) + (cross >> 16u));
}
";

// Hacker's Delight, 8-3: the unsigned high word less the operand beside each negative one.
const MUL_HIGH_I32: &str = "\
fn mul_high_i32(a: i32, b: i32) -> i32 {
    let high = mul_high_u32(bitcast<u32>(a), bitcast<u32>(b));
    let less_b = select(0u, bitcast<u32>(b), (a < 0i));
    let less_a = select(0u, bitcast<u32>(a), (b < 0i));
    return bitcast<i32>((high - less_b) - less_a);
}
";

// WGSL defines pow as exp2(b * log2(a)): a negative base has a power if b is whole, and zero is
// where log2 has no value.
const POW: &str = "\
fn pow_f32(a: f32, b: f32) -> f32 {
    let whole = (b == trunc(b));
    let odd = (whole && (fract(b * 0.5f) != 0.0f));
    let size = pow(select(a, abs(a), whole), b);
    let signed = select(size, (-size), (odd && (a < 0.0f)));
    let zero = select(signed, 0.0f, ((a == 0.0f) && (b > 0.0f)));
    return select(zero, 1.0f, (b == 0.0f));
}
";

// WGSL's accuracy holds for a normal a; a driver was seen to give pi for a = -0, b = 1.
const ATAN2: &str = "\
fn atan2_f32(a: f32, b: f32) -> f32 {
    return select(atan2(a, b), a, ((a == 0.0f) && (b >= 0.0f)));
}
";

// Inherits sinh / cosh, which overflow; beyond 15 the result rounds to one anyway.
const TANH: &str = "\
fn tanh_f32(a: f32) -> f32 {
    return tanh(clamp(a, -15.0f, 15.0f));
}
";

// Taylor series to x^21 below 1, where the other form would inherit the whole error of exp;
// above, Abramowitz and Stegun 7.1.26 (1.5e-7 in exact arithmetic). Together with WGSL's errors of
// exp and division under 5e-7 (tested).
const ERF: &str = "\
fn erf_f32(x: f32) -> f32 {
    let size = abs(x);
    let s = (x * x);
    var series = 1.3122533e-08f;
    series = ((series * s) - 1.4503852e-07f);
    series = ((series * s) + 1.4589169e-06f);
    series = ((series * s) - 1.32275132e-05f);
    series = ((series * s) + 0.00010683761f);
    series = ((series * s) - 0.00075757576f);
    series = ((series * s) + 0.0046296296f);
    series = ((series * s) - 0.023809524f);
    series = ((series * s) + 0.1f);
    series = ((series * s) - 0.33333333f);
    series = ((series * s) + 1.0f);
    let near = ((1.1283792f * x) * series);
    let t = (1.0f / (1.0f + (0.3275911f * size)));
    let p = ((((((((1.061405429f * t) - 1.453152027f) * t) + 1.421413741f) * t) - 0.284496736f) * t) + 0.254829592f);
    let far = (1.0f - ((p * t) * exp(-(size * size))));
    return select(select(far, (-far), (x < 0.0f)), near, (size < 1.0f));
}
";

#[cfg(test)]
mod tests {
    /// The same arithmetic in `f32`, with `exp` and division wrong by WGSL's whole allowance in
    /// either direction.
    fn erf(x: f32, direction: f32) -> f32 {
        let size = x.abs();
        let s = x * x;
        let terms: [f32; 11] = [
            1.3122533e-08,
            -1.4503852e-07,
            1.4589169e-06,
            -1.322_751_3e-5,
            0.00010683761,
            -0.00075757576,
            0.0046296296,
            -0.023809524,
            0.1,
            -0.33333333,
            1.0,
        ];
        let near = std::f32::consts::FRAC_2_SQRT_PI
            * x
            * terms.iter().fold(0.0, |sum, term| sum * s + term);
        let t = 1.0 / (1.0 + 0.327_591_1 * size);
        let t = t + direction * 2.5 * t * f32::EPSILON;
        let p = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t)
            + 0.254_829_6;
        let exponent = -(size * size);
        let exp = exponent.exp();
        let exp = exp + direction * (3.0 + 2.0 * exponent.abs()) * exp * f32::EPSILON;
        let far = 1.0 - p * t * exp;
        if size < 1.0 {
            near
        } else if x < 0.0 {
            -far
        } else {
            far
        }
    }

    #[test]
    fn erf_is_within_the_error_that_the_op_table_states() {
        let mut worst = 0.0_f64;
        for step in -60_000..=60_000 {
            let x = step as f32 * 1e-4;
            for direction in [-1.0, 0.0, 1.0] {
                let error = (f64::from(erf(x, direction)) - libm::erf(f64::from(x))).abs();
                worst = worst.max(error);
            }
        }
        assert!(worst <= 5e-7, "{worst:e}");
        assert!(worst > 1e-7, "the test would not see an error");
    }
}
