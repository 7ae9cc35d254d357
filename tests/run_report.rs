//! From a run to its record and report, and what `explain` shows of a kernel on every backend.

mod common;

use std::fs;

use common::{command, crossover, finish, folder, rows, text};

/// Runs julia small on a few rows into `record`.
fn run_julia(folder: &std::path::Path, more: &[&str]) -> common::Ran {
    let base = ["run", "julia", "--size", "small", "--budget", "2s", "--out", "record"];
    crossover(folder, &[&base[..], more].concat())
}

#[test]
fn a_run_leaves_a_record_and_a_report_that_needs_nothing_else() {
    let place = folder();
    let ran = run_julia(place.path(), &[]).exits(0);
    for part in ["julia", "cranelift 1t", "f64 small", "rows compared", "julia: f32: "] {
        assert!(ran.stdout.contains(part), "no `{part}` in:\n{}", ran.stdout);
    }
    assert!(ran.stdout.trim_end().ends_with("record/report.html"), "{}", ran.stdout);
    let rules = ran.stdout.lines().filter(|line| line.starts_with(['─', '═']));
    let widths: Vec<usize> = rules.map(|rule| rule.chars().count()).collect();
    assert!(!widths.is_empty() && widths.iter().all(|&width| width <= 80), "{}", ran.stdout);
    let record = fs::read_to_string(place.path().join("record/record.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["schema"], "crossover-record/1");
    assert_eq!(record["command"][0], "crossover");
    assert!(!rows(&record).is_empty());
    let workers = record["workers"].as_array().unwrap();
    assert!(workers.iter().all(|worker| worker["processes"].as_u64().unwrap() > 0));
    if cfg!(target_os = "linux") {
        assert!(workers.iter().all(|worker| worker["peak_memory_bytes"].is_number()));
    }
    let pictures = record["pictures"].as_array().unwrap();
    assert!(pictures.iter().any(|picture| picture["kind"] == "result"), "{pictures:?}");
    let page = fs::read_to_string(place.path().join("record/report.html")).unwrap();
    stands_alone(&page);
    for part in ["class=\"heat\"", "julia", "<svg", "data:image/png;base64,"] {
        assert!(page.contains(part), "no `{part}` in the report");
    }
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    renders_again(place.path(), &page);
}

/// No script, and no address of anything outside.
fn stands_alone(page: &str) {
    assert!(page.contains("<!doctype html>") && page.contains("</html>"));
    assert!(!page.contains("<script"), "the report has a script");
    let outside = page.replace("http://www.w3.org/2000/svg", "");
    for scheme in ["http://", "https://", "src=\"//", "@import"] {
        assert!(!outside.contains(scheme), "the report names `{scheme}`");
    }
    assert!(page.contains("default-src 'none'"), "no policy against what is outside");
}

fn renders_again(folder: &std::path::Path, page: &str) {
    let args = ["report", "record", "--out", "again.html"];
    let ran = crossover(folder, &args).exits(0);
    assert!(ran.stdout.contains("again.html"), "{}", ran.stdout);
    let again = fs::read_to_string(folder.join("again.html")).expect("the page is written");
    assert!(again == page, "the same record renders to another page");
    crossover(folder, &["report", "record/record.json"]).exits(0);
}

#[test]
fn records_that_are_none_are_refused() {
    let place = folder();
    fs::create_dir(place.path().join("record")).unwrap();
    let file = place.path().join("record/record.json");
    crossover(place.path(), &["report", "record"]).exits(2).says(&["record.json"]);
    for (content, text) in [
        ("{\"schema\": \"crossover-record/99\"}", "crossover-record/99"),
        ("{\"schema\": ", "no record"),
        (&"[".repeat(100_000), "no record"),
    ] {
        fs::write(&file, content).unwrap();
        crossover(place.path(), &["report", "record"]).exits(2).says(&[text]);
    }
    assert!(!place.path().join("record/report.html").exists());
}

#[test]
fn progress_off_a_terminal_is_plain_lines() {
    let place = folder();
    let ran = run_julia(place.path(), &["--backend", "interpreter", "--dtype", "f32"]).exits(0);
    let mut lines = ran.stderr.lines();
    assert_eq!(lines.next(), Some("verifying 2 rows"));
    assert_eq!(lines.next(), Some("[1/2] julia f32 small interpreter exact: verified"));
    assert_eq!(lines.next(), Some("[2/2] julia f32 small interpreter lanes: verified"));
    assert!(!ran.stderr.contains(['\x1b', '\r']), "{:?}", ran.stderr);
    assert!(!ran.stdout.contains('\x1b'), "{:?}", ran.stdout);
}

#[test]
fn no_subcommand_means_run() {
    let place = folder();
    let args = ["--size", "small", "--backend", "native", "--variant", "scalar"];
    let more = ["--dtype", "f64", "--budget", "1s", "--format", "json", "--out", "record"];
    let ran = crossover(place.path(), &[&args[..], &more].concat()).exits(0);
    let document = ran.json();
    let kernels: Vec<&str> = rows(&document).iter().map(|row| text(row, "kernel")).collect();
    let suite = crossover_suite::kernels().unwrap();
    let f64_too = |kernel: &&crossover_contract::Kernel| {
        kernel.definition.instances.iter().any(|instance| instance.dtype.name() == "f64")
    };
    let expected: Vec<&str> = suite.iter().filter(f64_too).map(|k| k.stem.as_str()).collect();
    assert!(kernels == expected && expected.len() > 9, "every kernel that has f64: {kernels:?}");
    assert!(place.path().join("record/report.html").is_file());
}

#[test]
fn without_out_the_record_is_named_after_the_time() {
    let place = folder();
    let args = ["run", "norm2", "--size", "small", "--backend", "interpreter", "--budget", "1s"];
    crossover(place.path(), &args).exits(0);
    let records = fs::read_dir(place.path().join("reports")).unwrap();
    let records: Vec<_> = records.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(records.len(), 1, "{records:?}");
    let name = records[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("20") && name.ends_with('Z'), "{name}");
}

#[test]
fn explain_shows_every_view_of_julia() {
    let views: &[(&str, &str, &[&str])] = &[
        ("source", "", &["def julia(", "prange(height)"]),
        ("ir", "", &["julia", "f32"]),
        ("ir", "f64", &["julia", "f64"]),
        ("bytecode", "", &["julia", "mul"]),
        ("clif", "", &["function", "block0", "fmul"]),
        ("asm", "", &["mulss", "ret"]),
        ("asm", "f64", &["mulsd", "ret"]),
        ("wgsl", "generated", &["@compute", "@workgroup_size", "f32"]),
        ("wgsl", "tuned", &["@compute", "fn julia(", "max_iterations"]),
        ("spirv", "generated", &["OpEntryPoint GLCompute", "OpFMul"]),
        ("spirv", "tuned", &["OpEntryPoint GLCompute"]),
        ("msl", "generated", &["metal", "kernel void"]),
        ("msl", "tuned", &["metal", "kernel void"]),
        ("hlsl", "generated", &["numthreads"]),
        ("hlsl", "tuned", &["numthreads"]),
    ];
    for (view, form, parts) in views {
        let mut args = vec!["explain", "julia", "--view", view];
        match *form {
            "" => {}
            "f64" => args.extend(["--dtype", "f64"]),
            variant => args.extend(["--variant", variant, "--backend", "wgsl"]),
        }
        // What a shader is made of needs no driver.
        let mut explain = command(&std::env::temp_dir(), &args);
        let ran = finish(explain.env("VK_DRIVER_FILES", "/nonexistent")).exits(0);
        for part in *parts {
            assert!(ran.stdout.contains(part), "no `{part}` in {view} {form}:\n{}", ran.stdout);
        }
        assert_eq!(ran.stderr, "", "{view} {form}");
    }
}

#[test]
fn explain_shows_every_variant_of_the_executors() {
    let views: &[(&str, &str, &[&str])] = &[
        ("bytecode", "lanes", &["region 0", "in lanes: ", "blocks of", "under w"]),
        ("ir", "polynomial", &["kernel black_scholes"]),
        ("clif", "lanes", &["f32x4"]),
        ("clif", "lanes+polynomial", &["f32x4"]),
        ("asm", "1t", &["mulss"]),
        ("asm", "lanes", &["mulps"]),
        ("asm", "polynomial", &["mulss"]),
        ("asm", "lanes+polynomial", &["mulps"]),
        ("asm", "unchecked", &["mulss"]),
        ("lanes", "lanes", &["erf"]),
        ("lanes", "lanes+polynomial", &["lanes {"]),
    ];
    let show = |view: &str, variant: &str| {
        let args = ["explain", "black_scholes", "--dtype", "f32", "--view", view];
        let args = [&args[..], &["--variant", variant]].concat();
        crossover(&std::env::temp_dir(), &args)
    };
    for (view, variant, parts) in views {
        let ran = show(view, variant).exits(0);
        for part in *parts {
            assert!(ran.stdout.contains(part), "no `{part}` in {view} {variant}:\n{}", ran.stdout);
        }
    }
    let calls = |view, variant| show(view, variant).exits(0).stdout.contains("erf");
    assert!(calls("ir", "1t") && !calls("ir", "polynomial"), "polynomials call no function");
    assert!(!calls("lanes", "lanes+polynomial"));
    for (view, wrong, known) in [
        ("bytecode", "1t", "unknown interpreter variant `1t`; known: exact, lanes"),
        ("asm", "lane", "unknown cranelift variant `lane` (did you mean `lanes`?)"),
        ("lanes", "1t", "lanes, lanes+threads, lanes+polynomial"),
        ("wgsl", "lanes", "tuned, generated"),
        ("source", "lanes", "leave --variant out"),
    ] {
        show(view, wrong).exits(2).says(&[known]);
    }
    let place = std::env::temp_dir();
    let args = ["explain", "norm2", "--view", "asm", "--variant", "polynomial"];
    crossover(&place, &args).exits(2).says(&["variant `polynomial`", "lanes+threads"]);
}

#[test]
fn views_that_a_backend_lacks_are_refused() {
    let place = std::env::temp_dir();
    for (backend, view, owner) in [
        ("native", "bytecode", "interpreter"),
        ("interpreter", "clif", "cranelift"),
        ("wgsl", "asm", "cranelift"),
        ("cranelift", "spirv", "wgsl"),
    ] {
        let args = ["explain", "julia", "--backend", backend, "--view", view];
        let owner = format!("`{owner}`");
        let ran = crossover(&place, &args).exits(2).says(&["no such view", &owner]);
        assert_eq!(ran.stdout, "");
    }
    let args = ["explain", "julia", "--dtype", "u32"];
    crossover(&place, &args).exits(2).says(&["unknown dtype `u32`"]);
    let args = ["explain", "julia", "--view", "wgsl", "--variant", "tunde"];
    crossover(&place, &args).exits(2).says(&["`tuned`?"]);
}
