//! docs/ADDING.md walked through: its kernel, as written there, verifies on every CPU backend, and
//! its known answer holds.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The fenced blocks of one language in a document, in order.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let starts = document.split(&fence).skip(1);
    starts.filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn the_kernel_of_the_document_verifies() {
    let document = fs::read_to_string("docs/ADDING.md").expect("the document exists");
    let folder = tempfile::tempdir().expect("a folder for the kernel");
    let kernel = folder.path().join("saxpy.py");
    fs::write(&kernel, &blocks(&document, "python")[0]).expect("the folder can be written");
    let definition = blocks(&document, "toml").concat();
    fs::write(folder.path().join("kernel.toml"), definition).expect("the folder can be written");
    let output = check(&kernel);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}{errors}");
    let document: serde_json::Value = serde_json::from_str(&text).expect("one JSON document");
    let rows = document["rows"].as_array().expect("rows");
    assert!(rows.len() >= 4, "{text}");
    for row in rows {
        assert_eq!(row["status"], "verified", "{row}");
        assert_eq!(row["answers"][0]["ok"], true, "{row}");
    }
}

fn check(kernel: &Path) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_crossover"))
        .arg("check")
        .arg(kernel)
        .args(["--backend", "interpreter,cranelift", "--size", "small", "--format", "json"])
        .output()
        .expect("the command starts")
}
