//! Random typed programs: generated code against the direct evaluator, bit for bit, traps included.

mod common;
mod generate;

use common::{outputs, same_end};
use crossover_cranelift::{Lanes, Options, Threads, compile};
use crossover_ir::{print, reference};
use proptest::prelude::*;

fn check(choices: Vec<u8>) -> Result<(), TestCaseError> {
    let (module, arguments) = generate::program(choices);
    let want = reference::run(&module, 0, &arguments);
    let (off, all, inner) = (Lanes::Off, Lanes::All, Lanes::Inner);
    for (lanes, threads) in [(off, 1), (off, 2), (all, 1), (all, 2), (inner, 1)] {
        let alone = if threads == 1 { Threads::One } else { Threads::Many };
        let options = Options { lanes, threads: alone, ..Options::default() };
        let compiled = compile(&module, 0, &options).expect("a valid program compiles");
        let got = outputs(&module.kernels[0], &compiled, &arguments, threads);
        let same = same_end(&want, &got);
        let text = || print(&module);
        prop_assert!(same, "{threads} threads, lanes {lanes:?}: {got:?}\nnot {want:?}\n{}", text());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_do_what_the_evaluator_does(
        choices in prop::collection::vec(any::<u8>(), 40..600),
    ) {
        check(choices)?;
    }
}

/// The generator reaches what it is for: traps, results, loops, also such that run in lanes in
/// scalar code, and reductions are all common.
#[test]
fn the_generator_reaches_traps_and_results() {
    let (mut traps, mut results, mut inner) = (0, 0, 0);
    for seed in 0..60_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let choices = (0..400).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        });
        let (module, arguments) = generate::program(choices.collect());
        let options = Options { lanes: Lanes::Inner, ..Options::default() };
        let compiled = compile(&module, 0, &options).expect("a valid program compiles");
        inner += usize::from(compiled.lanes().contains("; inner loop over"));
        match reference::run(&module, 0, &arguments) {
            Ok(_) => results += 1,
            Err(_) => traps += 1,
        }
    }
    assert!(traps >= 5 && results >= 15, "{traps} traps, {results} results");
    assert!(inner >= 6, "{inner} programs with inner loops in lanes");
}
