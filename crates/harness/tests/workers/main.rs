//! Workers as processes: this test starts itself again as the worker, with backends that crash,
//! hang, lie and print. Each costs its own row and nothing else.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::print_stdout, reason = "this is the test runner")]

mod fake;
mod plan_tests;
mod tests;

use std::io::{stdin, stdout};
use std::panic::catch_unwind;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "worker") {
        let served =
            crossover_harness::worker::serve(&fake::backends(), &fake::Provider, stdin(), stdout());
        return if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if words.iter().any(|word| word == "--list") {
        all().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filter = words.iter().find(|word| !word.starts_with('-')).cloned().unwrap_or_default();
    let chosen = all().filter(|(name, _)| name.contains(&filter));
    let failed = chosen
        .filter(|(name, test)| {
            let passed = catch_unwind(test).is_ok();
            println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
            !passed
        })
        .count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn all() -> impl Iterator<Item = &'static (&'static str, fn())> {
    tests::ALL.iter().chain(plan_tests::ALL)
}
