//! Times julia at 1000 x 1000 against a scalar loop of the same build.
//!
//! `cargo run --release -p crossover-interpreter --example julia`

use std::time::Instant;

use crossover_interpreter::{Options, compile};
use crossover_values::DType;

#[path = "../tests/support/mod.rs"]
mod support;

fn main() {
    let module = support::julia(DType::F64);
    let program = compile(&module, 0).expect("it compiles");
    let mut out = program.disassemble();
    // Many short runs: the least of them is little disturbed even on a busy machine.
    for (w, rounds) in [(100, 400), (1000, 5)] {
        let mut arguments = support::julia_arguments(DType::F64, w);
        let mut best = [f64::INFINITY; 2];
        for _ in 0..rounds {
            let start = Instant::now();
            program.run(&mut arguments, &mut Options::default()).expect("it runs");
            best[0] = best[0].min(start.elapsed().as_secs_f64());
            let start = Instant::now();
            let sum = scalar(std::hint::black_box(w));
            best[1] = best[1].min(start.elapsed().as_secs_f64());
            assert_eq!(support::sum_i32(&arguments[0]), sum);
        }
        let [interpreter, scalar] = best.map(|seconds| seconds * 1e3);
        let ratio = interpreter / scalar;
        out += &format!(
            "{w}: interpreter {interpreter:.2} ms, scalar {scalar:.2} ms, ratio {ratio:.2}\n"
        );
    }
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes()).expect("stdout");
}

#[inline(never)]
fn scalar(w: usize) -> i64 {
    let (c_re, c_im) = (-0.62772, -0.42193);
    let mut sum = 0;
    for row in 0..w {
        for column in 0..w {
            let mut a = -1.8 + column as f64 * 3.6 / w as f64;
            let mut b = 1.8 - row as f64 * 3.6 / w as f64;
            let mut n = 0;
            while n < 300 && a * a + b * b < 4.0 {
                (a, b) = (a * a - b * b + c_re, a * b + b * a + c_im);
                n += 1;
            }
            sum += i64::from(n);
        }
    }
    sum
}
