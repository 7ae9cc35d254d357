//! What the IR says about itself: effects, roles, order classes, and rewritings that keep the
//! meaning.

mod accesses;

pub use accesses::{Accesses, accesses, code_blocks};
