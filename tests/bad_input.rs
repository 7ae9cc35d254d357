//! Bad input: each is refused with exit code 2 and a reason that helps, before any work starts, and
//! nothing panics.

mod common;

use std::fs;

use common::{DOUBLE, adapters, argument, crossover, definition, folder, user_kernel};

/// Runs in an empty folder, which must stay empty, and expects exit code 2 and texts.
#[track_caller]
fn refused(args: &[&str], texts: &[&str]) {
    let place = folder();
    let ran = crossover(place.path(), args).exits(2).says(texts);
    assert_eq!(ran.stdout, "", "{args:?}: nothing belongs on standard output");
    let left = fs::read_dir(place.path()).expect("the folder is there");
    assert_eq!(left.count(), 0, "{args:?} left something behind");
}

/// `check` on the interpreter alone: no adapter is asked for.
#[track_caller]
fn check_refused(args: &[&str], texts: &[&str]) {
    let base = ["check", "--backend", "interpreter"];
    refused(&[&base[..], args].concat(), texts);
}

/// A kernel file with this content, and no `kernel.toml`.
#[track_caller]
fn file_refused(content: &[u8], texts: &[&str]) {
    let place = folder();
    let path = place.path().join("mine.py");
    fs::write(&path, content).expect("a temporary folder can be written");
    check_refused(&[argument(&path)], texts);
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    check_refused(&["juliaa"], &["unknown kernel `juliaa`", "`julia`?"]);
    refused(&["run", "norm3"], &["unknown kernel `norm3`", "`norm2`?"]);
    refused(&["list", "diffusion"], &["unknown kernel `diffusion`", "`diffusion2d`?"]);
    refused(&["explain", "pi_dart"], &["unknown kernel `pi_dart`", "`pi_darts`?"]);
    check_refused(&["julia", "--size", "smal"], &["unknown size `smal`", "`small`?"]);
    refused(&["check", "julia", "--backend", "nativ"], &["unknown backend", "`native`?"]);
    refused(&["explain", "julia", "--backend", "interprter"], &["`interpreter`?"]);
    check_refused(&["julia", "--variant", "exakt"], &["unknown variant", "`exact`?"]);
    check_refused(&["julia", "--dtype", "f46"], &["f46", "f64"]);
    check_refused(&["julia", "--dtype", "u32"], &["unknown dtype `u32`", "f32, f64"]);
    check_refused(&["julia", "--require", "wgls"], &["unknown backend `wgls`", "`wgsl`?"]);
    refused(&["chekc"], &["chekc"]);
    refused(&["explain", "julia", "--view", "byte"], &["byte", "bytecode"]);
}

#[test]
fn each_name_of_a_list_is_looked_up() {
    check_refused(&["julia,norm3"], &["unknown kernel `norm3`", "`norm2`?"]);
    refused(&["list", "norm2,,julia"], &["unknown kernel ``"]);
    let place = std::env::temp_dir();
    let kernels = |args: &[&str]| {
        let ran = crossover(&place, &[args, &["--format", "json"]].concat()).exits(0);
        let rows = common::rows(&ran.json()).clone();
        let mut names: Vec<_> =
            rows.iter().map(|row| common::text(row, "kernel").to_owned()).collect();
        names.dedup();
        names
    };
    assert_eq!(kernels(&["list", "norm2,julia"]), ["norm2", "julia"]);
    let check = ["check", "norm2,julia", "--backend", "interpreter"];
    assert_eq!(kernels(&check), ["norm2", "julia"]);
    let both = crossover(&place, &["explain", "norm2,julia", "--view", "source"]).exits(0).stdout;
    assert!(both.contains("def norm2") && both.contains("def julia"), "{both}");
}

#[test]
fn an_unknown_adapter_is_answered_with_the_nearest() {
    let Some(slug) = adapters().into_iter().next() else {
        println!("skipped: this machine has no adapter to misspell");
        return;
    };
    let wrong = format!("{slug}x");
    let suggestion = format!("`{slug}`?");
    let texts = ["unknown adapter", suggestion.as_str()];
    refused(&["check", "julia", "--backend", "wgsl", "--adapter", &wrong], &texts);
}

#[test]
fn parameters_out_of_range_are_refused_with_the_range() {
    check_refused(&["julia", "--set", "w=0"], &["julia: w = 0 is outside 1..=", "pixels"]);
    check_refused(&["julia", "--set", "w=-4"], &["w = -4 is outside 1..="]);
    check_refused(&["julia", "--set", "w=2.5"], &["w = 2.5", "whole number"]);
    check_refused(&["julia", "--set", "w=1e300"], &["outside 1..="]);
    check_refused(&["julia", "--set", "width=8"], &["no parameter `width`", "w"]);
    check_refused(&["julia", "--set", "w"], &["NAME=VALUE"]);
    check_refused(&["julia", "--set", "w=wide"], &["w = wide: width", "is a number"]);
    check_refused(&["julia", "--set", "w=inf"], &["finite"]);
}

/// The same sweep refused by `check` and by `run`.
#[track_caller]
fn sweep_refused(kernel: &str, sweep: &str, texts: &[&str]) {
    for command in ["check", "run"] {
        let args = [command, kernel, "--backend", "interpreter", "--sweep", sweep];
        refused(&args, texts);
    }
}

#[test]
fn sweeps_that_cannot_be_are_refused_before_the_first_case() {
    // The first values are right: nothing may run before all are known to be.
    sweep_refused("julia", "w=8,16,0", &["julia: w = 0 is outside 1..=", "pixels"]);
    sweep_refused("julia", "w=8,2.5", &["w = 2.5", "whole number"]);
    sweep_refused("julia", "w=8,wide", &["w = wide", "is a number"]);
    sweep_refused("diffusion2d", "dt=0.1..0.4:+0.1", &["rate = 0.3", "stable only for D*dt"]);
    sweep_refused("julia", "width=1..8", &["unknown parameter `width`", "threads"]);
    sweep_refused("julia", "seed=1..8", &["`seed`", "--seed"]);
    sweep_refused("julia", "threads=0,1", &["threads = 0 is outside 1..=1024"]);
    sweep_refused("julia", "threads=1..4096", &["threads = 2048 is outside 1..=1024"]);
    sweep_refused("julia", "threads=1.5", &["threads = 1.5", "whole number"]);
    sweep_refused("julia", "threads=many", &["threads = many", "a number"]);
    sweep_refused("julia", "w=8..1", &["8..1 ends below its beginning"]);
    sweep_refused("julia", "w=0..8", &["begin above 0", "0..8:+1"]);
    sweep_refused("julia", "w=0..1e9:+1", &["1000000001 values", "4096"]);
    sweep_refused("julia", "w=1..8:0", &["2 to 4096"]);
    sweep_refused("julia", "w", &["NAME=A..B"]);
    sweep_refused("julia", "w=1..", &["a value is missing", "NAME=A..B"]);
}

#[test]
fn sweeps_against_each_other_and_against_other_arguments_are_refused() {
    fn two<'a>(first: &'a str, second: &'a str) -> [&'a str; 5] {
        ["julia", "--sweep", first, "--sweep", second]
    }
    check_refused(&two("w=1,2", "w=4,8"), &["`w`", "swept twice"]);
    let many = two("w=1..200:+1", "max_iterations=1..200:+1");
    check_refused(&many, &["julia: the sweeps make 40000 cases", "4096"]);
    check_refused(&["julia", "--sweep", "w=1,2", "--set", "w=4"], &["`w`", "one value too"]);
    let threads = ["julia", "--sweep", "threads=1,2", "--threads", "2"];
    check_refused(&threads, &["`threads`", "--threads sets it"]);
    check_refused(&["julia", "norm2", "--sweep", "w=1,2"], &["`w`", "norm2 has no such parameter"]);
}

#[test]
fn seeds_that_cannot_be_honoured_are_refused() {
    check_refused(&["julia", "--seed", "7"], &["julia", "do not depend on a seed"]);
    check_refused(&["pi_darts", "--seed=-1"], &["--seed", "-1"]);
    check_refused(&["pi_darts", "--seed", "18446744073709551616"], &["--seed"]);
    let place = folder();
    let signed = format!("{}arguments.by = {{ value = \"seed_low\" }}\n", definition("double"));
    let source = DOUBLE.replace("v: i32[:]", "v: i32[:], by: i32").replace("* 2", "* by");
    let path = user_kernel(place.path(), "signed", &source, &signed);
    refused(
        &["check", argument(&path), "--backend", "interpreter", "--seed", "3000000000"],
        &["signed", "3000000000"],
    );
}

#[test]
fn a_size_beyond_a_type_is_refused_of_that_type_alone() {
    let wide = ["primes_range", "--size", "wide"];
    let of = |dtype: &'static str| [&wide[..], &["--dtype", dtype]].concat();
    check_refused(&of("u32"), &["primes_range wide", "100000000000 is no u32"]);
    let base = ["check", "--backend", "interpreter", "--set", "first=4294967000", "--set"];
    let reason = "left out: primes_range u32 of custom: [arguments.last]: 4294967299 is no u32";
    let args = [&base[..], &["count=300", "primes_range"]].concat();
    let ran = crossover(&std::env::temp_dir(), &args).exits(0).says(&[reason]);
    assert!(ran.stdout.contains("u64 custom") && !ran.stdout.contains("u32"), "{}", ran.stdout);
}

#[test]
fn an_unstable_diffusion_is_refused_with_the_reason() {
    let reason = "stable only for D*dt <= 0.25";
    check_refused(&["diffusion2d", "--set", "dt=0.3"], &["rate = 0.3 is above 0.25", reason]);
    check_refused(&["diffusion2d", "--set", "diffusivity=2.6"], &["is above 0.25", reason]);
}

#[test]
fn a_case_too_large_for_memory_says_what_it_needs_and_what_there_is() {
    let place = folder();
    let wide = definition("double")
        .replace(r#"out = { shape = ["n"] }"#, r#"out = { shape = ["n", "n"] }"#)
        .replace(r#"v = { shape = ["n"]"#, r#"v = { shape = ["n", "n"]"#);
    let source = DOUBLE.replace("i32[:]", "i32[:, :]").replace("[i]", "[i, 0]");
    let path = user_kernel(place.path(), "wide", &source, &wide);
    // Two square arrays of 4-byte elements: 32 TB.
    let texts = ["wide custom", "30517579 MiB", "this machine has", "available"];
    check_refused(&[argument(&path), "--set", "n=2000000"], &texts);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    refused(&["run", "julia", "--budget", "5"], &["90s, 5m or 2m30s"]);
    refused(&["run", "julia", "--budget", "0s"], &["above 0"]);
    refused(&["run", "julia", "--threads", "0"], &["--threads", "1..=1024"]);
    refused(&["check", "julia", "--time-limit=-1"], &["above 0"]);
    refused(&["check", "julia", "--colour"], &["--colour"]);
    refused(&["check", "julia", "--budget", "5s"], &["--budget"]);
    refused(&["check", "julia", "--format", "xml"], &["xml", "json"]);
    refused(&["run", "norm2", "--out", "x/.."], &["no place for a record"]);
    refused(&["report"], &["RECORD"]);
    refused(&["report", "no-such-record"], &["no-such-record"]);
    check_refused(&["julia", "--variant", "threads"], &["threads"]);
    check_refused(&["julia", "--adapter", "a"], &["unknown adapter `a`; known: none"]);
}

#[test]
fn kernel_files_beyond_the_limits_are_refused() {
    let nested = format!("def f():\n    x = {}1{}\n", "(".repeat(5000), ")".repeat(5000));
    file_refused(nested.as_bytes(), &["mine.py:2", "nest", "64"]);
    let mut long = DOUBLE.as_bytes().to_vec();
    long.resize((1 << 20) + 1, b'\n');
    file_refused(&long, &["mine.py", "over 1048576 bytes"]);
    let tokens = format!("x = 1{}\n", "\nx = 1".repeat(8000));
    file_refused(tokens.as_bytes(), &["mine.py", "20000", "token"]);
    let chain = format!("def f():\n    x = 1{}\n", " + 1".repeat(2000));
    file_refused(chain.as_bytes(), &["mine.py:2", "1000"]);
}

#[test]
fn kernel_files_that_are_no_text_are_refused() {
    file_refused(b"def f():\n    x = '\xff\xfe'\n", &["mine.py:2", "not UTF-8"]);
    file_refused(b"def f():\n    x = \0\n", &["mine.py:2", "NUL"]);
    let place = folder();
    check_refused(&[argument(&place.path().join("gone.py"))], &["gone.py"]);
    let folder = place.path().join("folder.py");
    fs::create_dir(&folder).unwrap();
    check_refused(&[argument(&folder)], &["folder.py is a folder"]);
    let definition = place.path().join("kernel.toml");
    check_refused(&[argument(&definition)], &["kernel.toml is no kernel file; name the .py"]);
    check_refused(&["/dev/zero"], &["/dev/zero", "over 1048576 bytes"]);
}

#[test]
fn wrong_kernel_files_are_shown_at_the_line() {
    file_refused(b"def f(:\n    pass\n", &["mine.py:1"]);
    let wrong = DOUBLE.replace("v[i] * 2", "v[i] * 2.5");
    file_refused(wrong.as_bytes(), &["error[rule", "mine.py:6", "v[i] * 2.5"]);
    file_refused(b"", &["mine.py"]);
}

#[test]
fn a_right_kernel_file_alone_says_what_is_missing() {
    let texts = ["mine.py is a correct kernel file", "kernel.toml", "sizes and inputs"];
    file_refused(DOUBLE.as_bytes(), &texts);
}

/// A right kernel file beside this `kernel.toml`.
#[track_caller]
fn definition_refused(definition: &str, texts: &[&str]) {
    let place = folder();
    let path = user_kernel(place.path(), "mine", DOUBLE, definition);
    check_refused(&[argument(&path)], &[&["kernel.toml"], texts].concat());
}

#[test]
fn wrong_definitions_are_refused_at_their_place() {
    let right = definition("double");
    definition_refused(&right.replace("title = ", "title "), &["line 1"]);
    definition_refused(&format!("{right}surprise = 1\n"), &["surprise"]);
    definition_refused(&right.replace(r#"each = "i""#, r#"each = "i +* ""#), &["i +*"]);
    definition_refused(&right.replace("arguments.v =", "arguments.w ="), &["arguments.", "w"]);
    definition_refused(&right.replace(r#", each = "i""#, ""), &["arguments.v", "each"]);
    definition_refused(&right.replace(r#"shape = ["n"], "#, ""), &["arguments.v"]);
    let missing: Vec<&str> = right.lines().filter(|line| !line.contains("arguments.out")).collect();
    definition_refused(&missing.join("\n"), &["[arguments.out] is missing"]);
}

#[test]
fn an_entry_that_is_not_there_is_refused() {
    let place = folder();
    let path = user_kernel(place.path(), "mine", DOUBLE, &definition("triple"));
    check_refused(&[argument(&path)], &["triple"]);
}

#[test]
fn two_kernels_of_one_name_are_refused() {
    let place = folder();
    let path = user_kernel(place.path(), "julia", DOUBLE, &definition("double"));
    check_refused(&["julia", argument(&path)], &["two kernels are called `julia`"]);
}
