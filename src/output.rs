//! Standard output and standard error: results on the one, all else on the other.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::error::CommandError;

/// Prints a result.
///
/// # Errors
/// [`CommandError::Stdout`], unless the reader has gone away: then there is nobody to tell.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    let result = stdout.write_all(text.as_bytes()).and_then(|()| {
        if !text.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
        stdout.flush()
    });
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(CommandError::Stdout),
    }
}

/// Prints one JSON document.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_json(document: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| CommandError::Stdout(io::Error::other(error)))?;
    print(&text)
}

/// Says what went wrong on standard error.
pub(crate) fn complain(error: &CommandError) {
    say(format!("crossover: {error}").trim_end());
}

/// Says something on standard error; a closed one is no reason to stop.
pub(crate) fn say(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}

/// Whether standard error is a terminal that a progress bar may move on.
pub(crate) fn is_interactive() -> bool {
    io::stderr().is_terminal()
}
