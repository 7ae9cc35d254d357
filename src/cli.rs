//! The command line: what can be asked.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use crossover_contract::Setting;
use crossover_harness::{MAX_THREADS, Sweep};
use crossover_values::DType;

/// Interpret it, JIT-compile it, write it natively, or put it on the GPU: and from which size on?
#[derive(Debug, Parser)]
#[command(name = "crossover", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do; without it, `run`.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Arguments of `run`, when no subcommand is given.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify, measure, print a table, write a record and a report
    Run(Box<RunArgs>),
    /// Verify only, on every adapter: for CI
    Check(Box<CheckArgs>),
    /// List kernels with their instances, sizes and variants
    List(ListArgs),
    /// List the adapters that wgsl can run on
    Devices(DevicesArgs),
    /// Show what a backend makes of a kernel: bytecode, IR, machine code, shaders
    Explain(ExplainArgs),
    /// Write the files of a new kernel, which verify at once
    New(NewArgs),
    /// Render the report of a record again
    Report(ReportArgs),
    /// Serve requests on standard input (started by `run` and `check`)
    #[command(hide = true)]
    Worker,
}

/// Which rows: kernels, instances, backends, sizes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Selection {
    /// Kernels by name, apart or joined by commas, or paths to .py files with a kernel.toml
    /// beside, or to folders with a kernel.py; all if none is given
    #[arg(value_name = "KERNEL", value_delimiter = ',')]
    pub kernels: Vec<String>,

    /// Sizes by name, such as small, book, large (see `crossover list`) [default: small; `run` also
    /// book]
    #[arg(long, value_name = "SIZE", value_delimiter = ',')]
    pub size: Vec<String>,

    /// Set a parameter of the case, such as w=512; the others come from the size
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub set: Vec<(String, Setting)>,

    /// Sweep a parameter, or `threads`: A..B doubles from A to B, A..B:COUNT spaces evenly on a
    /// logarithmic scale, A..B:+STEP adds, and a list names values; several make the product
    #[arg(long, value_name = "NAME=VALUES", value_parser = parse_sweep)]
    pub sweep: Vec<Sweep>,

    /// Seed of the inputs instead of the kernel's own
    #[arg(long)]
    pub seed: Option<u64>,

    /// Instances by type, such as f32, f64, u32, u64 [default: all of a kernel's]
    #[arg(long, value_name = "DTYPE", value_delimiter = ',')]
    pub dtype: Vec<DType>,

    /// Backends: interpreter, cranelift, native, wgsl
    #[arg(long, value_name = "BACKEND", value_delimiter = ',')]
    pub backend: Vec<String>,

    /// Variants, such as exact, lanes, 1t, threads, simd, tuned, generated
    #[arg(long, value_name = "VARIANT", value_delimiter = ',')]
    pub variant: Vec<String>,

    /// Adapters by their short names (see `crossover devices`)
    #[arg(long, value_name = "ADAPTER", value_delimiter = ',')]
    pub adapter: Vec<String>,

    /// Threads of threaded variants [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_THREADS)))]
    pub threads: Option<u32>,

    /// Time limit of each step of a row, in seconds: to get it ready, one call of it, to judge what it
    /// computed; a step that is known to take longer is not begun
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, value_parser = parse_seconds)]
    pub time_limit: f64,

    /// Write the outputs of every row that has some as .npy files into this folder
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// `crossover run`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    /// Which rows.
    #[command(flatten)]
    pub selection: Selection,

    /// Time that the run should take, such as 90s or 5m; rows that would take over a third of it
    /// are skipped, and a quarter is kept for samples
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub budget: f64,

    /// Folder that takes the record and the report
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `crossover check`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CheckArgs {
    /// Which rows.
    #[command(flatten)]
    pub selection: Selection,

    /// Backends that must be there: an unavailable row of theirs is an error (exit code 4)
    #[arg(long, value_name = "BACKEND", value_delimiter = ',')]
    pub require: Vec<String>,

    /// Least number of rows whose outputs must have been compared (exit code 4 if fewer were)
    #[arg(long, value_name = "N")]
    pub expect_cases: Option<usize>,
}

/// `crossover list`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ListArgs {
    /// Kernels by name or path, apart or joined by commas; all if none is given
    #[arg(value_name = "KERNEL", value_delimiter = ',')]
    pub kernels: Vec<String>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// `crossover devices`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DevicesArgs {
    /// Show the answer of every canary, and not only those that differ from what was promised
    #[arg(long)]
    pub verbose: bool,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// `crossover explain`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Kernels by name or path, apart or joined by commas
    #[arg(value_name = "KERNEL", value_delimiter = ',', required = true)]
    pub kernels: Vec<String>,

    /// The backend; without it, the one that has the view
    #[arg(long)]
    pub backend: Option<String>,

    /// What to show
    #[arg(long, value_enum, default_value_t = View::Ir)]
    pub view: View,

    /// The variant by the name that `run` has for it: `exact` (the default) or `lanes` for
    /// `bytecode`; `1t` (the default), `lanes`, `unchecked`, `polynomial` or `lanes+polynomial` for
    /// `ir`, `clif` and `asm`; `lanes` (the default) or `lanes+polynomial` for `lanes`; `generated`
    /// (the default) or `tuned` for shaders
    #[arg(long)]
    pub variant: Option<String>,

    /// The instance; each kernel's first if left out
    #[arg(long)]
    pub dtype: Option<DType>,
}

/// What `explain` can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum View {
    /// The reference's source
    Source,
    /// The IR that every backend gets
    Ir,
    /// Bytecode of the interpreter; with `--variant lanes` that of blocks, too
    Bytecode,
    /// Cranelift's IR, as the JIT writes it
    Clif,
    /// Machine code of the JIT
    Asm,
    /// Loops in masked form, as the JIT runs them in lanes
    Lanes,
    /// Shader text
    Wgsl,
    /// The shader as SPIR-V
    Spirv,
    /// The shader in Metal's language
    Msl,
    /// The shader in DirectX's language
    Hlsl,
}

/// `crossover new`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NewArgs {
    /// The folder to make; its name is the kernel's
    pub path: PathBuf,

    /// Make a kernel of the suite, inside of a checkout of the project: PATH is its name
    #[arg(long)]
    pub suite: bool,
}

/// `crossover report`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReportArgs {
    /// A record's folder, or its record.json
    pub record: PathBuf,

    /// The file to write [default: report.html in the record's folder]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people
    #[default]
    Table,
    /// One JSON document on standard output, and nothing else there
    Json,
}

/// Reads `name=value`.
fn parse_setting(text: &str) -> Result<(String, Setting), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, such as w=512")?;
    let number = value.parse::<f64>();
    if name.is_empty() || value.is_empty() || number.as_ref().is_ok_and(|n| !n.is_finite()) {
        return Err("expected NAME=VALUE with a finite value, such as w=512".to_owned());
    }
    let setting = number.map_or_else(|_| Setting::Name(value.to_owned()), Setting::Number);
    Ok((name.to_owned(), setting))
}

/// Reads `name=values`.
fn parse_sweep(text: &str) -> Result<Sweep, String> {
    text.parse()
}

/// Reads a positive number of seconds.
fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().map_err(|_| format!("`{text}` is no number"))?;
    if seconds > 0.0 && seconds <= 1e6 {
        Ok(seconds)
    } else {
        Err("expected seconds above 0 and at most a million".to_owned())
    }
}

/// Reads a duration such as `90s`, `5m`, `1h` or `2m30s`, in seconds.
fn parse_duration(text: &str) -> Result<f64, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write 90s, 5m or 2m30s"))?;
    parse_seconds(&duration.as_secs_f64().to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_subcommand_means_run() {
        let cli = Cli::parse_from(["crossover", "--size", "small,book", "--budget", "90s"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.run.selection.size, ["small", "book"]);
        assert_eq!(cli.run.budget, 90.0);
    }

    #[test]
    fn lists_of_kernels_may_be_joined_by_commas() {
        let kernels = |args: &[&str]| {
            let cli = Cli::parse_from([&["crossover"], args].concat());
            match cli.command {
                None => cli.run.selection.kernels,
                Some(Command::Run(args)) => args.selection.kernels,
                Some(Command::Check(args)) => args.selection.kernels,
                Some(Command::List(args)) => args.kernels,
                Some(Command::Explain(args)) => args.kernels,
                Some(other) => panic!("{other:?} takes no kernels"),
            }
        };
        for command in ["run", "check", "list", "explain"] {
            assert_eq!(kernels(&[command, "a,b", "c"]), ["a", "b", "c"], "{command}");
        }
        assert_eq!(kernels(&["a,b", "--size", "small"]), ["a", "b"]);
    }

    #[test]
    fn settings_and_durations_that_cannot_be_are_refused() {
        for bad in ["w", "=3", "w=", "w=inf", "w=NaN"] {
            assert!(parse_setting(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_setting("w=512"), Ok(("w".to_owned(), Setting::Number(512.0))));
        for bad in ["", "5", "-3s", "0s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_duration("2m30s"), Ok(150.0));
    }
}
