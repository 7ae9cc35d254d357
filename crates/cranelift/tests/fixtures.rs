//! The workspace's fixtures, on the caller's thread and on a pool.

mod common;

use std::path::Path;

use common::outputs;
use crossover_cranelift::{Lanes, Options, compile};
use crossover_ir::fixture::load_fixtures;

#[test]
fn every_fixture_gives_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/ir");
    let fixtures = load_fixtures(&folder).unwrap_or_else(|error| panic!("{error}"));
    assert!(fixtures.len() >= 8, "{} fixtures", fixtures.len());
    for (name, fixture) in fixtures {
        let module = &fixture.module;
        for lanes in [Lanes::Off, Lanes::Paying, Lanes::All] {
            let options = Options { lanes, ..Options::default() };
            let compiled: Vec<_> = (0..module.kernels.len())
                .map(|kernel| compile(module, kernel, &options).expect("it compiles"))
                .collect();
            for run in &fixture.runs {
                let written = &module.kernels[run.kernel];
                for threads in [1, 2] {
                    let outcome = outputs(written, &compiled[run.kernel], &run.arguments, threads);
                    if let Err(mismatch) = run.check(module, &outcome) {
                        panic!("{name}, {threads} threads, lanes {lanes:?}: {mismatch}");
                    }
                }
            }
        }
    }
}
