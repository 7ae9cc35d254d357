//! `crossover worker`: serves requests of the harness, see docs/PROTOCOL.md.

use std::io;

use crossover_backends::backends;
use crossover_harness::exit;
use crossover_harness::worker::serve;

use crate::CommandResult;
use crate::kernels::Provider;

/// Serves until standard input closes.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn worker() -> CommandResult {
    serve(&backends(), &Provider, io::stdin(), io::stdout())?;
    Ok(exit::OK)
}
