//! How long the JIT takes for each kernel of the suite, from source text to callable code, phase by
//! phase: the fastest of several compilations, in milliseconds.
//!
//! `cargo run --release --example compile_times [-- KERNEL…]`

use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table};
use crossover_backends::backends;
use crossover_contract::{Backend, Failure, Kernel, Target};
use crossover_values::DType;

/// Every kernel is compiled so many times in a row, and all of them in so many rounds: other work on
/// the machine lasts longer than one kernel's turn, seldom as long as all.
const TIMES: usize = 10;
const ROUNDS: usize = 6;
const VARIANTS: [&str; 2] = ["1t", "lanes"];
/// Phases of a preparation, in the order of the table: reading and checking the source, the passes on
/// the IR, Cranelift's settings and memory, its IR, machine code.
const PHASES: [&str; 5] = ["parse", "passes", "setup", "lower", "compile"];

/// One compilation.
struct Times {
    phases: [Duration; PHASES.len()],
    whole: Duration,
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let all = backends();
    let jit = all.iter().find(|backend| backend.name() == "cranelift").expect("it is built in");
    let kernels = crossover_suite::kernels().expect("the suite is complete");
    let is_wanted = |kernel: &&Kernel| wanted.is_empty() || wanted.contains(&kernel.stem);
    let instances = kernels.iter().filter(is_wanted).flat_map(|kernel| {
        kernel.definition.instances.iter().map(move |instance| (kernel, instance.dtype))
    });
    let rows = instances.flat_map(|(kernel, dtype)| VARIANTS.map(|it| (kernel, dtype, it)));
    let rows: Vec<(&Kernel, DType, &str)> = rows.collect();
    let mut best: Vec<Option<Times>> = rows.iter().map(|_| None).collect();
    for _ in 0..ROUNDS {
        for ((kernel, dtype, variant), best) in rows.iter().zip(&mut best) {
            let times = fastest(jit.as_ref(), kernel, *dtype, variant);
            let times = times.expect("the suite compiles on this machine");
            if best.as_ref().is_none_or(|best| times.whole < best.whole) {
                *best = Some(times);
            }
        }
    }
    let mut table = Table::new();
    let head = ["kernel", "variant"].into_iter().chain(PHASES).chain(["whole"]);
    table.set_header(head.map(str::to_owned).collect::<Vec<_>>());
    let mut totals = VARIANTS.map(|variant| (variant, Vec::new()));
    for ((kernel, dtype, variant), times) in rows.iter().zip(best) {
        let times = times.expect("there is more than no round");
        let name = format!("{} {dtype}", kernel.stem);
        let cells = times.phases.into_iter().chain([times.whole]).map(milliseconds);
        table.add_row([name, (*variant).to_owned()].into_iter().chain(cells));
        let own = totals.iter_mut().filter(|(name, _)| name == variant);
        own.for_each(|(_, found)| found.push(times.whole));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut out = format!("{table}\n");
    for (variant, mut found) in totals {
        found.sort_unstable();
        if let (Some(median), Some(longest)) = (found.get(found.len() / 2), found.last()) {
            let [median, longest] = [*median, *longest].map(milliseconds);
            out += &format!("{variant}: median {median} ms, longest {longest} ms\n");
        }
    }
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes()).expect("stdout");
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

fn fastest(
    jit: &dyn Backend,
    kernel: &Kernel,
    dtype: DType,
    variant: &str,
) -> Result<Times, Failure> {
    let case = kernel.definition.least_case();
    let case = case.map_err(|error| Failure::Failed(error.to_string()))?;
    let target = Target {
        kernel,
        dtype,
        variant,
        adapter: None,
        threads: 1,
        case: &case,
        back_edges: None,
        wait_limit_s: 60.0,
    };
    let mut best: Option<Times> = None;
    for _ in 0..TIMES {
        let begin = Instant::now();
        let prepared = jit.prepare(&target)?;
        let whole = begin.elapsed();
        if best.as_ref().is_none_or(|best| whole < best.whole) {
            let of = |name: &str| {
                let phase = prepared.phases().iter().find(|phase| phase.name == name);
                phase.map_or(Duration::ZERO, |phase| Duration::from_nanos(phase.ns))
            };
            best = Some(Times { phases: PHASES.map(of), whole });
        }
    }
    Ok(best.expect("it was compiled at least once"))
}
