//! The kernel IR: typed, structured; op table, validator, printer and parser.
//!
//! A [`Module`] holds the kernels (entries) of one source file in one dtype instance. A
//! [`Kernel`] is a list of *host-level* nodes ([`HostNode`]); each parallel loop among them is a
//! [`Region`], whose body is *lane code* ([`Code`]): structured control over scalar values, with
//! calls already inlined. Only a [`Valid`] module reaches a backend.
//!
//! The crate holds no front end and no backend. It owns what all of them must agree on:
//!
//! | question | answer |
//! |---|---|
//! | what does an op compute? | [`Op`] and its row, [`eval`]; transcendentals in [`math`] |
//! | what may a backend rely on? | [`validate`] and its [`Violation`]s |
//! | in which order do float reductions run? | [`fold`] |
//! | what happens outside regions? | [`run_host`] on a [`Device`] |
//! | what can go wrong at run time, and how is it told? | [`Trap`], [`Trap::render`] |
//! | what does it look like? | [`print()`] and [`parse`], [`ops_markdown`] |
//! | what does a kernel take and give? | [`signature()`] |
//! | what is touched, kept, order-free? | [`analysis`], with rewritings for simpler backends |
//! | what makes generated code faster? | [`passes`] |
//! | how does a parallel loop run in lanes of vectors? | [`lanes`] |
//! | is an executor right? | [`fixture`]s, and [`reference`](mod@reference) as the oracle |
//!
//! A rule that no type shows: a region with an empty axis is not run, and leaves its reduction
//! targets as they were (so does a loop inside a lane that has no iterations).
#![forbid(unsafe_code)]

pub mod analysis;
mod code;
mod docs;
mod eval;
mod exec;
pub mod fixture;
pub mod fold;
mod host;
pub mod lanes;
pub mod math;
mod module;
mod op;
pub mod passes;
pub mod polynomial;
pub mod reference;
mod source;
mod text;
mod trap;
mod valid;
pub mod words64;

pub use analysis::signature;
pub use code::{
    Atomic, AtomicOp, Block, Code, Inst, InstKind, Reduce, ReduceId, ReduceOp, ReduceScope,
    Scratch, ScratchId, Stmt, ValueId, Var, VarId,
};
pub use docs::ops_markdown;
pub use eval::eval;
pub use exec::{
    Apart, Argument, AxisRange, Bound, Device, HostState, Output, Unit, UnitId, run_host, units,
};
pub use host::{Axis, HostNode, Region, Returned, Serial};
pub use module::{ArrayId, ArrayName, Kernel, KernelParam, Module, Source, Span};
pub use op::{Accuracy, Class, Op, OpInfo, Signature};
pub use text::{ParseError, parse, print, print_with_spans};
pub use trap::{Trap, TrapKind};
pub use valid::{MAX_DEPTH, MAX_SIZE, Valid, ValidateError, Violation, validate};
