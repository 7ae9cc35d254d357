//! `crossover devices`: the adapters that wgsl can run on, and what each was found to do.

use std::fmt::Write;

use crossover_contract::Failure;
use crossover_harness::{adapter_cards, exit, list_passports};
use crossover_record::{Adapter, Document};

use crate::CommandResult;
use crate::cli::{DevicesArgs, Format};
use crate::output;
use crate::setup::{self, Table};

/// Schema of the rows of `devices`.
const SCHEMA: &str = "crossover-devices/1";
/// The backend that has adapters.
const BACKEND: &str = "wgsl";

/// Lists.
///
/// # Errors
/// If no worker can be started.
pub(crate) fn devices(args: &DevicesArgs) -> CommandResult {
    let table = Table::new();
    let lines = table.lines();
    let adapters = setup::adapters(&lines, &[BACKEND.to_owned()])?;
    let passports = list_passports(&adapters, &setup::worker_command, setup::LISTING)?;
    let rows = adapter_cards(&passports, &adapters);
    match args.format {
        Format::Json => output::print_json(&Document {
            schema: SCHEMA.to_owned(),
            machine: setup::this_machine(),
            rows,
        })?,
        Format::Table => {
            output::print(&text(&rows))?;
            let missing = adapters.values().filter_map(|listed| listed.as_ref().err());
            for failure in missing {
                let (Failure::Unavailable(reason)
                | Failure::Failed(reason)
                | Failure::Lost(reason)) = failure;
                output::print(reason)?;
            }
        }
    }
    Ok(exit::OK)
}

fn text(rows: &[Adapter]) -> String {
    let mut text = String::new();
    for adapter in rows {
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{}: {}\n  driver: {}\n  kind: {}",
            adapter.slug, adapter.name, adapter.driver, adapter.kind
        );
        for canary in &adapter.passport {
            let _ = writeln!(text, "  {}: {}", canary.name, canary.result);
        }
    }
    text
}
