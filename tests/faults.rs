//! What can go wrong in mid-run: each fault costs its row or is refused before work starts, the
//! rest of the run completes, and the exit code says so.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{
    DOUBLE, PROGRAM, adapters, all_are, argument, command, crossover, definition, finish, folder,
    of, rows, text, user_kernel,
};

/// Never ends, and no compiler can know.
const ENDLESS: &str = "\
from crossover import i32, prange


def endless(out: i32[:], v: i32[:]):
    for i in prange(v.shape[0]):
        n = 1
        while n != 0:
            n = n % 7 + 1
        out[i] = n
";

/// Writes past the end in its last iteration.
const TRAP: &str = "\
from crossover import i32, prange


def trap(out: i32[:], v: i32[:]):
    for i in prange(v.shape[0]):
        out[i + 1] = v[i]
";

/// `kernel.toml` of `double` with an answer that is wrong: the sum is 56.
fn wrong_answer() -> String {
    definition("double")
        + r#"
[[answers]]
name = "sum"
at = { n = 8 }
output = "out"
probe = "sum"
value = 57
rule = "exact"
"#
}

#[cfg(target_os = "linux")]
mod killed {
    use super::*;

    /// The youngest child of a process: the worker that was started last.
    fn youngest_child(parent: u32) -> u32 {
        let mut children = Vec::new();
        for entry in fs::read_dir("/proc").expect("this system has /proc").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(pid) = name.parse::<u32>() else { continue };
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            // The name of the program, in parentheses, may hold anything; what follows is numbers.
            let Some((_, rest)) = stat.rsplit_once(')') else { continue };
            let fields: Vec<&str> = rest.split_whitespace().collect();
            if fields[1] == parent.to_string() {
                let started: u64 = fields[19].parse().expect("the start time is a number");
                children.push((started, pid));
            }
        }
        children.sort_unstable();
        children.last().expect("the run has workers").1
    }

    #[test]
    fn a_worker_killed_in_mid_run_costs_its_row() {
        let place = folder();
        let backends = "interpreter,cranelift";
        let mut run = Command::new(PROGRAM)
            .args(["run", "julia", "--dtype", "f64", "--set", "w=400", "--backend", backends])
            .args(["--variant", "exact,1t,threads", "--budget", "10s", "--format", "json"])
            .args(["--out", "record"])
            .current_dir(place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(run.stderr.take().unwrap()).lines().map(Result::unwrap);
        let verified = lines.by_ref().find(|line| line.starts_with("[3/3]")).unwrap();
        assert!(verified.ends_with("verified"), "{verified}");
        let worker = youngest_child(run.id()).to_string();
        assert!(Command::new("kill").args(["-9", &worker]).status().unwrap().success());
        let rest: Vec<String> = lines.collect();
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{rest:#?}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let (failed, others): (Vec<_>, Vec<_>) =
            rows(&document).iter().partition(|row| row["status"] == "failed");
        assert_eq!(failed.len(), 1, "{document:#}");
        assert!(text(failed[0], "reason").contains("signal 9"), "{:#}", failed[0]);
        assert!(failed[0]["median_ns"].is_null(), "a row that failed has no time");
        all_are(&others, "verified");
        for row in others {
            assert!(row["samples"].as_array().unwrap().len() > 1, "{row:#}");
        }
        assert!(place.path().join("record/report.html").is_file(), "the record is written");
    }

    #[test]
    fn a_program_that_is_replaced_in_mid_run_goes_on_as_it_was() {
        let place = folder();
        let program = place.path().join("crossover");
        fs::copy(PROGRAM, &program).unwrap();
        let mut run = Command::new(&program)
            .args(["check", "julia", "norm2", "--backend", "interpreter,cranelift,native"])
            .current_dir(place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(run.stderr.take().unwrap()).lines().map(Result::unwrap);
        let first = lines.by_ref().find(|line| line.starts_with("[1/")).unwrap();
        // What a linker does: another file in its place, here one that cannot be started.
        fs::remove_file(&program).unwrap();
        fs::write(&program, "no program").unwrap();
        let rest: Vec<String> = lines.collect();
        assert_eq!(run.wait().unwrap().code(), Some(0), "{first}\n{rest:#?}");
        let later = rest.iter().filter(|line| line.ends_with(": verified")).count();
        assert!(later > 5, "{later} rows were left after the change");
    }
}

#[test]
fn an_endless_loop_costs_its_rows_and_the_rest_completes() {
    let place = folder();
    let path = user_kernel(place.path(), "endless", ENDLESS, &definition("endless"));
    let args = ["check", argument(&path), "norm2", "--size", "small", "--time-limit", "2"];
    let more = ["--backend", "interpreter,cranelift", "--format", "json"];
    let ran = crossover(place.path(), &[&args[..], &more].concat()).exits(4);
    let document = ran.json();
    all_are(&of(&document, "endless", "interpreter"), "failed");
    all_are(&of(&document, "endless", "cranelift"), "failed");
    let reason = text(of(&document, "endless", "interpreter")[0], "reason");
    assert!(reason.contains("2 s") || reason.contains("budget"), "{reason}");
    all_are(&of(&document, "norm2", "interpreter"), "verified");
    all_are(&of(&document, "norm2", "cranelift"), "verified");
}

#[test]
fn a_run_time_error_names_place_and_values() {
    let place = folder();
    let path = user_kernel(place.path(), "trap", TRAP, &definition("trap"));
    let args = ["check", argument(&path), "--backend", "interpreter", "--format", "json"];
    let ran = crossover(place.path(), &args).exits(4);
    let document = ran.json();
    let reason = text(of(&document, "trap", "interpreter")[0], "reason");
    for part in ["trap.py:6", "8", "out"] {
        assert!(reason.contains(part), "no `{part}` in: {reason}");
    }
    ran.says(&["failed"]);
}

#[test]
fn a_wrong_answer_exits_1_and_1_beats_4() {
    let place = folder();
    let wrong = user_kernel(place.path(), "double", DOUBLE, &wrong_answer());
    let trap = user_kernel(place.path(), "trap", TRAP, &definition("trap"));
    let more = ["--backend", "interpreter,cranelift", "--format", "json"];
    let args = [&["check", argument(&wrong)], &more[..]].concat();
    let document = crossover(place.path(), &args).exits(1).json();
    all_are(&rows(&document).iter().collect::<Vec<_>>(), "wrong");
    let row = of(&document, "double", "cranelift")[0];
    assert!(text(row, "reason").contains("sum"), "{row:#}");
    assert_eq!(row["answers"][0]["ok"], false);
    assert_eq!(row["answers"][0]["got"], 56);
    let args = [&["check", argument(&trap), argument(&wrong)], &more[..]].concat();
    let document = crossover(place.path(), &args).exits(1).json();
    all_are(&of(&document, "trap", "interpreter"), "failed");
    all_are(&of(&document, "double", "interpreter"), "wrong");
}

#[test]
fn demands_that_are_not_met_exit_4() {
    let base = ["check", "norm2", "--size", "small", "--backend", "interpreter,cranelift"];
    let place = std::env::temp_dir();
    let count = ["--expect-cases", "21"];
    crossover(&place, &[&base[..], &count].concat()).exits(0);
    let count = ["--expect-cases", "1000"];
    let texts = ["21 rows were compared", "at least 1000"];
    crossover(&place, &[&base[..], &count].concat()).exits(4).says(&texts);
    let native = ["--require", "native"];
    crossover(&place, &[&base[..], &native].concat()).exits(4).says(&["`native` is required"]);
}

#[test]
fn without_a_driver_shader_rows_are_unavailable_with_the_cure() {
    let place = folder();
    let check = |more: &[&str]| {
        let base = ["check", "norm2", "--size", "small", "--backend", "interpreter,wgsl"];
        let args = [&base[..], &["--format", "json"], more].concat();
        finish(command(place.path(), &args).env("VK_DRIVER_FILES", "/nonexistent"))
    };
    let document = check(&[]).exits(0).json();
    all_are(&of(&document, "norm2", "interpreter"), "verified");
    let shaders = of(&document, "norm2", "wgsl");
    all_are(&shaders, "unavailable");
    for row in shaders {
        let reason = text(row, "reason");
        assert!(reason.contains("driver") && reason.contains("install"), "{reason}");
    }
    check(&["--require", "wgsl"]).exits(4).says(&["`wgsl` is required"]);
    let mut devices = command(place.path(), &["devices"]);
    let devices = finish(devices.env("VK_DRIVER_FILES", "/nonexistent"));
    assert!(devices.exits(0).stdout.contains("driver"));
}

/// `kernel.toml` of `double` with a tuned shader.
fn tuned() -> String {
    definition("double")
        + r#"
[tuned]
[[tuned.passes]]
entry = "double"
invocations = ["n"]
loop_budget = 0
"#
}

#[test]
fn a_shader_that_does_not_compile_costs_its_row() {
    let place = folder();
    let path = user_kernel(place.path(), "double", DOUBLE, &tuned());
    fs::write(path.with_extension("wgsl"), "@compute fn double( { nonsense }\n").unwrap();
    let args = ["check", argument(&path), "--format", "json"];
    let there = !adapters().is_empty();
    let document = crossover(place.path(), &args).exits(if there { 4 } else { 0 }).json();
    for row in rows(&document) {
        let tuned = row["variant"] == "tuned";
        let expected = match (there, text(row, "backend")) {
            (true, "wgsl") if tuned => "failed",
            (false, "wgsl") => "unavailable",
            _ => "verified",
        };
        all_are(&[row], expected);
        if there && tuned {
            let reason = text(row, "reason");
            assert!(reason.contains("double.wgsl") && reason.contains(":1:21"), "{row:#}");
        }
    }
    assert_eq!(of(&document, "double", "cranelift").len(), 5);
    println!("{}", if there { "with an adapter" } else { "without adapter: unavailable" });
}

/// Runs `check` or `run` of one small kernel with more arguments.
fn small(place: &Path, subcommand: &str, more: &[&str]) -> common::Ran {
    let base = [subcommand, "julia", "--size", "small", "--backend", "interpreter,native"];
    crossover(place, &[&base[..], more].concat())
}

#[test]
fn places_that_cannot_be_written_are_refused_before_work_starts() {
    let place = folder();
    fs::write(place.path().join("file"), "").unwrap();
    let refused = |subcommand, more: &[&str], code, texts: &[&str]| {
        let ran = small(place.path(), subcommand, more).exits(code).says(texts);
        assert!(!ran.stderr.contains("verifying"), "work was started:\n{}", ran.stderr);
    };
    refused("check", &["--save", "file/saved"], 4, &["cannot write", "file/saved"]);
    refused("check", &["--save", "file"], 4, &["cannot write", "file"]);
    refused("run", &["--save", "file/saved", "--budget", "1s"], 4, &["file/saved"]);
    refused("run", &["--out", "file/record"], 4, &["cannot write", "file"]);
    fs::create_dir(place.path().join("there")).unwrap();
    refused(
        "run",
        &["--out", "there"],
        2,
        &["there", "never replaces another: choose another folder"],
    );
    assert_eq!(fs::read_dir(place.path().join("there")).unwrap().count(), 0);
}

/// A full disk: a file system of 64 KiB, where this user may mount one.
struct Tiny<'p>(&'p Path);

impl Tiny<'_> {
    fn mount(path: &Path) -> Option<Tiny<'_>> {
        let args = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
        let mut mount = Command::new("mount");
        let status = mount.args(args).arg(path).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success()).then_some(Tiny(path))
    }
}

impl Drop for Tiny<'_> {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(self.0).status();
        assert!(status.is_ok_and(|status| status.success()), "cannot unmount {:?}", self.0);
    }
}

#[test]
fn a_full_disk_is_told_and_costs_no_row() {
    let place = folder();
    let full = place.path().join("full");
    fs::create_dir(&full).unwrap();
    let Some(disk) = Tiny::mount(&full) else {
        println!("skipped: no file system may be mounted here");
        return;
    };
    let ran = small(place.path(), "check", &["--save", "full/saved", "--format", "json"]).exits(4);
    let document = ran.json();
    all_are(&rows(&document).iter().collect::<Vec<_>>(), "verified");
    ran.says(&["cannot save an output", "full/saved"]);
    for entry in fs::read_dir(full.join("saved")).unwrap() {
        let length = entry.unwrap().metadata().unwrap().len();
        assert_eq!(length, 128 + 64 * 64 * 4, "a torn file passes for an output");
    }
    fs::remove_dir_all(full.join("saved")).unwrap();
    fs::write(full.join("filler"), vec![0; 60 << 10]).unwrap();
    let more = ["--out", "full/record", "--budget", "1s"];
    let ran = small(place.path(), "run", &more).exits(4).says(&["full"]);
    assert!(ran.stdout.contains("verified"), "the table is printed before the record is lost");
    assert!(!full.join("record").exists(), "no half record");
    println!("with a file system of 64 KiB");
    drop(disk);
}
