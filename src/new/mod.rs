//! `crossover new`: the files of a kernel that verifies at once, of a user or, with `--suite`, one of
//! the project's own. The files are templates beside this one.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crossover_harness::exit;
use crossover_lang::{File, Options, Sources};
use minijinja::{Environment, UndefinedBehavior, context};

use crate::CommandResult;
use crate::cli::NewArgs;
use crate::error::CommandError;
use crate::output;

/// Longest name of a kernel: it is part of file names.
const MAX_STEM: usize = 64;

/// Words of Rust that are no module, and of Python that are no function; the kernel language's own
/// names are refused by its compiler.
const WORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "self", "static", "struct", "super", "trait", "try", "type", "typeof", "unsafe", "unsized",
    "use", "virtual", "where", "while", "yield",
];

/// A file to be: its path, and its text.
type NewFile = (PathBuf, String);

/// The templates of a kernel of a user: file name, text.
const USER: &[(&str, &str)] = &[
    ("kernel.py", include_str!("kernel.py.jinja")),
    ("kernel.toml", include_str!("kernel.toml.jinja")),
    ("README.md", include_str!("README.user.md.jinja")),
];

/// Those of the folder of a kernel of the suite.
const SUITE: &[(&str, &str)] = &[
    ("kernel.py", include_str!("kernel.py.jinja")),
    ("kernel.toml", include_str!("kernel.toml.jinja")),
    ("native.rs", include_str!("native.rs.jinja")),
    ("tests.rs", include_str!("tests.rs.jinja")),
    ("README.md", include_str!("README.suite.md.jinja")),
];

const SHADER: &str = include_str!("shader.wgsl.jinja");

/// Makes the files.
///
/// # Errors
/// A name that is none, a place that is taken, no checkout, files that cannot be written.
pub(crate) fn new(args: &NewArgs) -> CommandResult {
    let stem = stem(&args.path)?;
    let (folder, files) = if args.suite { suite(&args.path, stem)? } else { user(args, stem)? };
    write(&folder, &files)?;
    for (path, _) in &files {
        output::print(&path.display().to_string())?;
    }
    let path = args.path.display();
    output::say(&if args.suite {
        format!("next: cargo test -p crossover-suite && cargo run -- check {stem} --size small")
    } else {
        format!("next: crossover check {path}/kernel.py --size small")
    });
    Ok(exit::OK)
}

/// The kernel's name: the last part of the path.
fn stem(path: &Path) -> Result<&str, CommandError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !starts || !name.chars().all(plain) || name.len() > MAX_STEM {
        return Err(CommandError::Place(format!(
            "`{name}` is no name of a kernel: at most {MAX_STEM} small letters, digits and \
             underscores, a letter first, such as `moving_average`"
        )));
    }
    let file = |text| File { path: "kernel.py".to_owned(), text };
    let main = file(render(USER[0].1, name, path, false)?);
    let sources = Sources { main, modules: Default::default() };
    let compiled = crossover_lang::compile(&sources, &Options::default());
    if WORDS.contains(&name) || compiled.is_err() {
        let error = format!(
            "`{name}` is no name of a kernel: it is a word of Rust or of the kernel language, or \
             one that the new file uses"
        );
        return Err(CommandError::Place(error));
    }
    Ok(name)
}

fn user(args: &NewArgs, stem: &str) -> Result<(PathBuf, Vec<NewFile>), CommandError> {
    let folder = args.path.clone();
    let file = |(name, template): &(&str, &str)| {
        Ok((folder.join(name), render(template, stem, &args.path, false)?))
    };
    let files = USER.iter().map(file).collect::<Result<_, CommandError>>()?;
    Ok((folder, files))
}

fn suite(path: &Path, stem: &str) -> Result<(PathBuf, Vec<NewFile>), CommandError> {
    if path != Path::new(stem) {
        let error = format!("with --suite a name is enough, and its place is known: `{stem}`");
        return Err(CommandError::Place(error));
    }
    let here = std::env::current_dir()
        .map_err(|error| CommandError::Write { path: PathBuf::from("."), error })?;
    let is_checkout = |folder: &&Path| {
        folder.join("crates/suite/src/kernels").is_dir() && folder.join("shaders").is_dir()
    };
    let checkout = here.ancestors().find(is_checkout).ok_or_else(|| {
        let here = here.display();
        CommandError::Place(format!("{here} is not inside of a checkout of Crossover"))
    })?;
    let folder = checkout.join("crates/suite/src/kernels").join(stem);
    let shader = checkout.join("shaders").join(format!("{stem}.wgsl"));
    let file = |(name, template): &(&str, &str)| {
        Ok((folder.join(name), render(template, stem, path, true)?))
    };
    let mut files = SUITE.iter().map(file).collect::<Result<Vec<NewFile>, CommandError>>()?;
    files.push((shader, render(SHADER, stem, path, true)?));
    Ok((folder, files))
}

/// A template's text for a kernel.
fn render(template: &str, stem: &str, path: &Path, suite: bool) -> Result<String, CommandError> {
    let words = stem.replace('_', " ");
    let title: String = words.char_indices().map(|(at, c)| upper_first(at, c)).collect();
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let context = context! { stem, title, suite, path => path.display().to_string() };
    let mut text = environment
        .render_str(template, context)
        .map_err(|error| CommandError::Place(format!("a template of the command: {error}")))?;
    // The engine takes the last end of a line away.
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn upper_first(at: usize, c: char) -> char {
    if at == 0 { c.to_ascii_uppercase() } else { c }
}

/// Writes all files, or none: what was made before a failure is taken away again.
fn write(folder: &Path, files: &[NewFile]) -> Result<(), CommandError> {
    let mut taken = [folder].into_iter().chain(files.iter().map(|(path, _)| path.as_path()));
    if let Some(path) = taken.find(|path| path.symlink_metadata().is_ok()) {
        let path = path.display();
        return Err(CommandError::Place(format!("{path} exists; choose another name")));
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        |error: io::Error| CommandError::Write { path, error }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    for (position, (path, text)) in files.iter().enumerate() {
        let made = fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = made {
            for (path, _) in &files[..=position] {
                fs::remove_file(path).ok();
            }
            fs::remove_dir(folder).ok();
            return Err(failed(path)(error));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_modules_and_functions() {
        for name in ["saxpy", "n_body2", "a"] {
            assert!(stem(Path::new("somewhere").join(name).as_path()).is_ok(), "{name}");
        }
        let long = "a".repeat(MAX_STEM + 1);
        for name in ["", "..", "Saxpy", "2d", "my-kernel", "a b", "größe", "_x", "match", &long] {
            assert!(stem(Path::new(name)).is_err(), "{name}");
        }
        for name in ["prange", "min", "lambda", "u32", "total"] {
            assert!(stem(Path::new(name)).is_err(), "{name} is a word of the kernel language");
        }
    }

    #[test]
    fn every_template_is_filled_in() {
        let texts = SUITE.iter().chain(USER).map(|(_, template)| *template).chain([SHADER]);
        for template in texts {
            for suite in [false, true] {
                let text = render(template, "some_name", Path::new("at/some_name"), suite).unwrap();
                assert!(!text.contains("{{") && !text.contains("{%"), "{text}");
                assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
            }
        }
    }
}
