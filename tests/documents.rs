//! The documents' command lines: each that begins with `crossover` in a block of shell is accepted
//! by the command, and those that are quick are run.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{crossover, folder, in_checkout};

/// How a command line calls the program.
const CALLS: &[&str] = &["crossover", "cargo run --release --", "cargo run --release"];

/// Blocks of these languages hold command lines.
const SHELL: &[&str] = &["sh", "shell", "bash", "console"];

/// A command line of a document.
struct Line {
    document: PathBuf,
    number: usize,
    arguments: Vec<String>,
}

/// The README and what lies in docs.
fn documents() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(in_checkout("docs"))
        .expect("the checkout has docs")
        .map(|entry| entry.expect("the checkout is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    found.sort();
    found.extend(Some(in_checkout("README.md")).filter(|readme| readme.is_file()));
    found
}

/// The command lines of a document's shell blocks.
fn command_lines(document: &Path, text: &str) -> Vec<Line> {
    let (mut lines, mut shell, mut fenced) = (Vec::new(), false, false);
    let mut joined = String::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            shell = !fenced && SHELL.contains(&language.trim());
            fenced = !fenced;
            continue;
        }
        if !shell {
            continue;
        }
        joined.push_str(line.trim().trim_start_matches("$ "));
        if joined.ends_with('\\') {
            joined.pop();
            continue;
        }
        let whole = std::mem::take(&mut joined);
        for part in whole.split("&&") {
            if let Some(arguments) = arguments(part) {
                lines.push(Line { document: document.to_owned(), number: index + 1, arguments });
            }
        }
    }
    lines
}

/// The arguments of one call of the program; `None` for a call of anything else.
fn arguments(line: &str) -> Option<Vec<String>> {
    let end = line.find([';', '|', '>', '<', '#']).unwrap_or(line.len());
    let words: Vec<&str> = line[..end].split_whitespace().collect();
    let is_setting = |word: &&&str| word.contains('=') && !word.starts_with('-');
    let settings = words.iter().take_while(is_setting).count();
    let words = &words[settings..];
    let call = CALLS.iter().map(|call| call.split(' ').collect::<Vec<_>>());
    let length = call.filter(|call| words.starts_with(call)).map(|call| call.len()).max()?;
    let quotes = |word: &&str| word.trim_matches(['\'', '"']).to_owned();
    Some(words[length..].iter().map(quotes).collect())
}

/// Whether a line takes no more than a moment, and needs no file of the reader's.
fn is_quick(arguments: &[String]) -> bool {
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let first = arguments.first().map_or("", String::as_str);
    let needs_file = arguments.iter().any(|argument| {
        argument.ends_with(".py") || argument.ends_with(".json") || argument == "--save"
    });
    match first {
        "list" | "devices" | "explain" => !needs_file,
        "run" | "check" => has("small") && has("--size") && !needs_file,
        _ => false,
    }
}

/// A quick line as it is run: on CPU backends unless it names some, within a second of samples.
fn shortened(arguments: &[String]) -> Vec<String> {
    let mut short = arguments.to_vec();
    let names = |option: &str| arguments.iter().any(|argument| argument == option);
    if arguments[0] == "run" || arguments[0] == "check" {
        if !["--backend", "--adapter", "--require"].into_iter().any(names) {
            short.extend(["--backend", "interpreter,cranelift"].map(str::to_owned));
        }
        if let Some(budget) = arguments.iter().position(|argument| argument == "--budget") {
            short.drain(budget..(budget + 2).min(short.len()));
        }
    }
    if arguments[0] == "run" {
        short.extend(["--budget", "1s"].map(str::to_owned));
    }
    short
}

fn try_line(line: &Line) {
    let place = folder();
    let given = line.arguments.join(" ");
    let at = format!("{}:{}: crossover {given}", line.document.display(), line.number);
    let quick = is_quick(&line.arguments);
    let mut arguments = if quick { shortened(&line.arguments) } else { line.arguments.clone() };
    if !quick {
        // Everything before it is read and judged; then help is printed instead of running.
        arguments.push("--help".to_owned());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = crossover(place.path(), &arguments);
    eprintln!("{at}: {}", if quick { "run" } else { "read" });
    // What a document demands of adapters, or of a number of cases, this machine may not have.
    let demands = given.contains("--require") || given.contains("--expect-cases");
    let well = ran.code == 0 || (demands && ran.code == 4);
    assert!(well, "{at}: exit code {}\n{}", ran.code, ran.stderr);
}

#[test]
fn command_lines_in_documents_are_right() {
    let mut lines = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let found = command_lines(&document, &text);
        if document.ends_with("README.md") {
            assert!(!found.is_empty(), "the README shows no command line");
        }
        lines.extend(found);
    }
    println!("{} command lines", lines.len());
    lines.iter().for_each(try_line);
}

#[test]
fn command_lines_are_found_and_cut_as_a_shell_does() {
    let text = "\
crossover outside of a block
```sh
$ crossover list
VK_DRIVER_FILES=/none crossover check julia \\
    --set w=8 | head  # a comment
cargo run --release -- devices > file && crossover report x
cargo test --workspace
cargo run --release
```
```text
crossover in another block
```
";
    let lines = command_lines(Path::new("x.md"), text);
    let found: Vec<(usize, String)> =
        lines.iter().map(|line| (line.number, line.arguments.join(" "))).collect();
    let expected = [(3, "list"), (5, "check julia --set w=8"), (6, "devices"), (6, "report x")];
    let expected: Vec<(usize, String)> =
        expected.iter().chain(&[(8, "")]).map(|(n, text)| (*n, (*text).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_wrong_line_is_noticed() {
    for wrong in ["run --bugdet 5s", "run julia --budget 5", "explain julia --view byte"] {
        let arguments = wrong.split(' ').map(str::to_owned).collect();
        let line = Line { document: PathBuf::from("x.md"), number: 1, arguments };
        let tried = std::panic::catch_unwind(|| try_line(&line));
        assert!(tried.is_err(), "accepted: {wrong}");
    }
}
