//! julia by hand-built IR against the known answers of the kernel's description.

use crossover_interpreter::{Options, Profile, compile};
use crossover_values::DType;

mod support;

#[test]
fn sums_are_the_known_ones() {
    for (real, w, expected) in [
        (DType::F64, 64, 141_804),
        (DType::F64, 100, 334_236),
        (DType::F32, 64, 141_806),
        (DType::F32, 100, 334_234),
    ] {
        let program = compile(&support::julia(real), 0).unwrap();
        let mut arguments = support::julia_arguments(real, w);
        let outcome = program.run(&mut arguments, &mut Options::default()).unwrap();
        assert_eq!(support::sum_i32(&arguments[0]), expected, "{real} {w}");
        assert_eq!((outcome.regions, outcome.serials), (1, 0));
    }
}

/// The loop's test runs once more per pixel than its body, and the longest pixel runs 300 times.
#[test]
fn counts_are_exact() {
    let program = compile(&support::julia(DType::F64), 0).unwrap();
    let mut arguments = support::julia_arguments(DType::F64, 64);
    let mut profile = Profile::default();
    let mut options =
        Options { profile: Some(&mut profile), count_back_edges: true, ..Options::default() };
    let outcome = program.run(&mut arguments, &mut options).unwrap();
    assert_eq!(outcome.back_edges, [300]);
    let evaluations = |line| profile.lines[&(0, line)].evaluations;
    assert_eq!(evaluations(1), 64 * 64);
    assert_eq!(evaluations(4), 141_804 + 64 * 64);
    assert_eq!(evaluations(5), 141_804);
    assert_eq!(evaluations(6), 141_804);
    assert_eq!(evaluations(7), 64 * 64);
    assert_eq!(profile.opcodes["tick"], 141_804);
}
