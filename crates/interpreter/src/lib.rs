//! IR to register bytecode to VM; disassembler; line profile.
//!
//! The living definition of every op, and the reference that other backends are proved against.
//! [`compile`] makes a [`Program`] of one kernel; [`Program::run`] runs it on arrays of
//! `crossover_values`. Regions and serial sections are bytecode; host level is run by
//! [`crossover_ir::run_host`], to which the interpreter is a device.
//!
//! The way of the code: `lower` (structured IR to linear code over any number of registers),
//! `optimise` (fusing), `assemble` (bytecode), `vm` (the dispatch loop).
#![forbid(unsafe_code)]

mod assemble;
mod device;
mod disassemble;
mod error;
mod lanes;
mod lir;
mod lower;
mod memory;
mod opcode;
mod optimise;
mod probe;
mod profile;
mod program;
mod select;
mod unit;
mod vm;
mod word;

pub use error::{CompileError, RunError};
pub use program::{LineCount, Options, Outcome, Profile, Program, compile, compile_lanes};
