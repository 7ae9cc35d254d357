//! `crossover devices`: the adapters that wgsl can run on, and what each was found to do.
//!
//! A passport has some fifty lines, most of which say that all is as it should be. So a block per
//! adapter tells what decides whether a kernel runs there, and what is not as promised;
//! `--verbose` and `--format json` tell everything.

use comfy_table::{ContentArrangement, Table as Lines, TableStyle};
use crossover_contract::Failure;
use crossover_harness::{adapter_cards, exit, list_passports};
use crossover_record::{Adapter, Document};

use crate::CommandResult;
use crate::cli::{DevicesArgs, Format};
use crate::output;
use crate::setup::{self, Table};
use crate::table::width;

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
            output::print(&text(&rows, args.verbose, width()))?;
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

/// What stands between a canary's answer and the answer that was promised.
const EXPECTED: &str = " (expected ";
/// What a canary says whose answer was not the promised one.
const BROKEN: &str = ": BROKEN PROMISE";
/// The canary that decides whether device time is shown.
const TIMESTAMPS: &str = "timestamps";

fn text(rows: &[Adapter], verbose: bool, width: usize) -> String {
    rows.iter().map(|adapter| block(adapter, verbose, width)).collect::<Vec<_>>().join("\n")
}

/// An adapter: its short name, then what is known of it, a line or a few for each thing.
fn block(adapter: &Adapter, verbose: bool, width: usize) -> String {
    let kind = match adapter.software {
        true => "software: a CPU under another name, never ranked as a GPU".to_owned(),
        false => adapter.kind.clone(),
    };
    let mut lines = vec![
        ("name", adapter.name.clone()),
        ("driver", adapter.driver.trim().to_owned()),
        ("type", kind),
    ];
    let (mut differing, mut all) = (Vec::new(), 0);
    for canary in &adapter.passport {
        let (name, result) = (canary.name.as_str(), &canary.result);
        match result.split_once(EXPECTED) {
            None => lines.push((name, result.clone())),
            Some((got, _)) if name == TIMESTAMPS && !verbose => {
                lines.push((name, got.to_owned()));
            }
            Some(_) if verbose => lines.push((name, result.clone())),
            Some(_) => {
                all += 1;
                if result.contains(BROKEN) {
                    differing.push(format!("{name}: {}", result.replace(BROKEN, "")));
                }
            }
        }
    }
    if all > 0 {
        let as_promised = all - differing.len();
        let more = format!("{as_promised} of {all} canaries answer as promised (--verbose)");
        lines.push(("differs", differing.join("\n")));
        lines.push(("", more));
    }
    lines.retain(|(_, value)| !value.is_empty());
    format!("{}\n{}", adapter.slug, fitted(lines, width))
}

/// Two columns without rules, the second as wide as the terminal leaves it.
fn fitted(lines: Vec<(&str, String)>, width: usize) -> String {
    let mut table = Lines::new();
    table.load_style(TableStyle::new());
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table.add_rows(lines.into_iter().map(|(name, value)| [name.to_owned(), value]));
    table.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use crossover_record::Canary;

    use super::*;

    fn adapter() -> Adapter {
        let lines = [
            ("f64", "yes"),
            ("limits", "a buffer of 2 GiB, 128 MiB of it in one binding; 8 storage buffers"),
            ("7 / 0", "7 (expected 7)"),
            ("a loop to 100,000", "65535 (expected 100000): BROKEN PROMISE; loops end early"),
            ("timestamps", "trusted, steps of 1 ns (expected forward)"),
        ];
        let canary = |(name, result): (&str, &str)| Canary {
            name: name.to_owned(),
            result: result.to_owned(),
        };
        Adapter {
            backend: "wgsl".to_owned(),
            slug: "soft".to_owned(),
            name: "Soft (256 bits)".to_owned(),
            driver: "soft 1.2".to_owned(),
            kind: "software".to_owned(),
            software: true,
            passport: lines.map(canary).into(),
        }
    }

    #[test]
    fn the_block_tells_what_decides_and_what_differs() {
        let text = text(&[adapter()], false, 200);
        let parts = ["soft\n", "name ", "f64 ", "128 MiB", "trusted, steps of 1 ns\n"];
        for part in parts {
            assert!(text.contains(part), "no `{part}` in:\n{text}");
        }
        assert!(text.contains("differs"), "{text}");
        assert!(text.contains("a loop to 100,000: 65535 (expected 100000); loops end early\n"));
        assert!(text.contains("1 of 2 canaries answer as promised"), "{text}");
        assert!(!text.contains("7 / 0") && text.lines().count() < 12, "{text}");
    }

    #[test]
    fn all_of_it_is_there_when_asked_for_and_fits_a_narrow_terminal() {
        let verbose = text(&[adapter()], true, 200);
        for canary in adapter().passport {
            assert!(verbose.contains(&canary.result), "{verbose}");
        }
        for verbose in [false, true] {
            let narrow = text(&[adapter()], verbose, 60);
            assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
        }
    }
}
