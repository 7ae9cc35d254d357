// exp of either real type. WGSL has none of f64: there it is a polynomial on +-ln(2)/2, of degree 11
// through Chebyshev nodes (an error of 4e-18 before rounding), times a power of two, for arguments of
// +-87. f32 has its own.

// 2^24 + 1 is no number of f32.
const DOUBLE: bool = real(16777217.0) != real(16777216.0);

// e^r for |r| <= ln(2) / 2.
fn exp_polynomial(r: real) -> real {
    var sum = real(2.5110037605963777e-08);
    sum = (sum * r) + real(2.763263963904103e-07);
    sum = (sum * r) + real(2.755724091857897e-06);
    sum = (sum * r) + real(2.4801485482328494e-05);
    sum = (sum * r) + real(0.00019841269890047113);
    sum = (sum * r) + real(0.0013888888952314775);
    sum = (sum * r) + real(0.008333333333319601);
    sum = (sum * r) + real(0.0416666666664881);
    sum = (sum * r) + real(0.1666666666666668);
    sum = (sum * r) + real(0.5000000000000019);
    sum = (sum * r) + real(1.0);
    sum = (sum * r) + real(1.0);
    return sum;
}

fn exp_of(x: real) -> real {
    if DOUBLE {
        let n = round(x * real(1.4426950408889634));
        let r = (x - (n * real(0.6931471803691238))) - (n * real(1.9082149292705877e-10));
        return exp_polynomial(r) * real(ldexp(1.0, i32(n)));
    }
    return real(exp(f32(x)));
}
