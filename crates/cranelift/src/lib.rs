//! IR to Cranelift to machine code, and the one place that calls generated code.
//!
//! [`compile`] turns one kernel into a [`Compiled`]: one machine function per unit (a region or a
//! serial section). [`Compiled::run`] interprets host level through
//! [`crossover_ir::run_host`] and calls those functions, on the caller's thread or on a pool.
//! Results are bit-identical to the interpreter's: every op is emitted with the meaning its row
//! of the table states, every run-time error is an explicit test that comes back as a
//! [`crossover_ir::Trap`], never a signal.
//!
//! Before lowering, [`crossover_ir::passes`] simplify the lane code; lowering emits loops twice,
//! with tests and without, and keeps the partial results of float sums in registers. The rest is
//! Cranelift's mid-end. `unsafe` stands in `jit.rs` alone.

mod callouts;
mod compile;
mod cost;
mod disassemble;
mod error;
mod generate;
mod jit;
mod layout;
mod lower;
mod names;
mod options;
mod reduction;
mod run;
mod schedule;
mod site;

pub use compile::{Compiled, UnitReport, compile};
pub use error::{CompileError, RunError};
pub use options::{Bounds, Lanes, Options, Outcome, RunOptions, Threads, Timings};
