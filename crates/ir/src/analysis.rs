//! What the IR says about itself: effects, roles, order classes, and rewritings that keep the
//! meaning.

mod accesses;
mod build;
mod expand;
mod for_gpu;
mod kept;
mod order;
mod signature;
mod uses;

pub use accesses::{Accesses, accesses, code_blocks};
pub(crate) use build::unique;
pub use expand::{expand_inner_reductions, expand_inner_reductions_but};
pub use for_gpu::for_gpu;
pub use kept::device_kept;
pub use order::{OrderClass, order_class};
pub use signature::{kernel_accesses, signature};
pub use uses::code_uses;
