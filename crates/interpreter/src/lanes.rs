//! Regions in lanes: blocks of iterations side by side, one block operation after the other.
//!
//! The way of MonetDB/X100 (Boncz, Zukowski and Nes, CIDR 2005): an interpreter that works on
//! vectors of values pays for dispatch once per vector, and its loops are what a compiler can turn
//! into SIMD instructions. Divergent control is that of ispc (Pharr and Mark, InPar 2012), by masks,
//! with the lanes that are left in a loop compacted when that pays.
//!
//! [`compile`] makes block code of the masked form of [`crossover_ir::lanes`]; a launch runs it
//! block by block (`drive`). The scalar machine stays the definition and the slow path: it runs
//! what the analysis refuses, iterations outside of the spans that blocks take for granted, and
//! each block that a lane would trap in, from its start, and so tells the exact error.

mod access;
mod allocate;
mod block;
mod choose;
mod compact;
mod compile;
mod drive;
mod exec;
mod frame;
mod inst;
mod listing;
mod math;
mod optimise;
mod reduce;
mod scratch;
mod span;
mod table;
mod undo;
mod unit;

pub(crate) use compile::{NoLanes, compile};
pub(crate) use drive::{Iterations, LaneLaunch, Machine, Scalars, Stopped};
pub(crate) use unit::LaneUnit;
