// Black-Scholes prices: one option per invocation, neighbours next to each other in memory.
//
// WGSL has no erf, and no exp and log of f64. erf is 1 - exp(-x^2) G(x), G a polynomial in
// (x - c) / (x + c) that interpolates erfc(x) exp(x^2) at Chebyshev nodes: an error of 5e-9 in f32
// and 4e-18 in f64 before rounding. log in f64 is the f32 one with one step of Halley's iteration,
// which triples its digits.
// include: exp

struct Params {
    call_0: u32,
    rate: real,
    volatility: real,
}

@group(0) @binding(0) var<storage, read_write> call: array<real>;
@group(0) @binding(1) var<storage, read_write> put: array<real>;
@group(0) @binding(2) var<storage, read> spot: array<real>;
@group(0) @binding(3) var<storage, read> strike: array<real>;
@group(0) @binding(4) var<storage, read> years: array<real>;
@group(0) @binding(5) var<uniform> params: Params;

const SQRT_HALF: real = real(0.7071067811865476);

// From here on erf rounds to one.
const LAST: real = select(real(4.0), real(6.0), DOUBLE);
const CENTRE: real = select(real(3.0), real(4.0), DOUBLE);

fn log_of(x: real) -> real {
    let near = real(log(f32(x)));
    if DOUBLE {
        let rest = x * exp_of(-near);
        return near + ((real(2.0) * (rest - real(1.0))) / (rest + real(1.0)));
    }
    return near;
}

fn tail_single(t: real) -> real {
    var sum = real(-0.00020548700145590543);
    sum = (sum * t) + real(0.0015576692535641693);
    sum = (sum * t) + real(0.004990606821488116);
    sum = (sum * t) + real(-0.024113724517140004);
    sum = (sum * t) + real(0.07170001013536376);
    sum = (sum * t) + real(-0.15012154030930566);
    sum = (sum * t) + real(0.24560257651305442);
    sum = (sum * t) + real(-0.3262335372981329);
    sum = (sum * t) + real(0.17900115560854657);
    return sum;
}

fn tail_double(t: real) -> real {
    var sum = real(-4.900434468320478e-09);
    sum = (sum * t) + real(-1.5823064242417097e-07);
    sum = (sum * t) + real(-9.039230380959417e-07);
    sum = (sum * t) + real(-1.2550871526242593e-06);
    sum = (sum * t) + real(2.2205155415666436e-06);
    sum = (sum * t) + real(-2.2887216265038238e-06);
    sum = (sum * t) + real(-2.26646623639714e-05);
    sum = (sum * t) + real(7.898361116123642e-05);
    sum = (sum * t) + real(-2.1750572187611257e-05);
    sum = (sum * t) + real(-0.0007991238337476494);
    sum = (sum * t) + real(0.004060263560227127);
    sum = (sum * t) + real(-0.012843946178505428);
    sum = (sum * t) + real(0.031299056504460424);
    sum = (sum * t) + real(-0.06310781563717492);
    sum = (sum * t) + real(0.10896317739928547);
    sum = (sum * t) + real(-0.1642578166973262);
    sum = (sum * t) + real(0.21871967891826205);
    sum = (sum * t) + real(-0.2590680487601716);
    sum = (sum * t) + real(0.13699945762506138);
    return sum;
}

fn erf_of(argument: real) -> real {
    let x = min(abs(argument), LAST);
    let t = (x - CENTRE) / (x + CENTRE);
    var tail = exp_of(-(x * x));
    if DOUBLE {
        tail *= tail_double(t);
    } else {
        tail *= tail_single(t);
    }
    let within = real(1.0) - tail;
    return select(-within, within, argument >= real(0.0));
}

@compute @workgroup_size(256)
fn price(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if i >= params.call_0 {
        return;
    }
    let price = spot[i];
    let time = years[i];
    let half = real(0.5);
    let deviation = params.volatility * sqrt(time);
    let drift = (params.rate + ((params.volatility * params.volatility) * half)) * time;
    let d1 = (log_of(price / strike[i]) + drift) / deviation;
    let d2 = d1 - deviation;
    let h1 = half * erf_of(d1 * SQRT_HALF);
    let h2 = half * erf_of(d2 * SQRT_HALF);
    let present = strike[i] * exp_of(-(params.rate * time));
    call[i] = (price * (half + h1)) - (present * (half + h2));
    put[i] = (present * (half - h2)) - (price * (half - h1));
}
