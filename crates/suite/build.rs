//! Lists the kernel folders, so that a kernel is its folder and its shader and nothing else.
//!
//! Each folder of `src/kernels` becomes one entry of the generated table: its texts, its shader
//! and its module of native variants. A folder that lacks a file, a shader without a folder, is an
//! error of the build that names it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What every kernel folder holds.
const REQUIRED: [&str; 4] = ["kernel.py", "kernel.toml", "native.rs", "README.md"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let kernels = root.join("src/kernels");
    let shaders = root.join("../../shaders").canonicalize()?;
    for folder in [&kernels, &shaders, &shaders.join("lib")] {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    let stems = stems(&kernels)?;
    check(&kernels, &shaders, &stems)?;
    let text = generate(&root, &shaders, &stems)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("kernels.rs"), text)?;
    Ok(())
}

/// Names of the kernel folders, sorted.
fn stems(kernels: &Path) -> io::Result<Vec<String>> {
    let mut stems = Vec::new();
    for entry in fs::read_dir(kernels)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            stems.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    stems.sort();
    Ok(stems)
}

/// Stems of the `.wgsl` files of a folder, sorted.
fn shader_stems(folder: &Path) -> io::Result<Vec<String>> {
    let mut stems = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wgsl") {
            let stem = path.file_stem().unwrap_or_default();
            stems.push(stem.to_string_lossy().into_owned());
        }
    }
    stems.sort();
    Ok(stems)
}

/// Every folder has its files and its shader; every shader has its folder.
fn check(kernels: &Path, shaders: &Path, stems: &[String]) -> Result<(), String> {
    for stem in stems {
        let folder = kernels.join(stem);
        for name in REQUIRED {
            if !folder.join(name).is_file() {
                return Err(format!("the kernel folder {} lacks {name}", folder.display()));
            }
        }
        if !shaders.join(format!("{stem}.wgsl")).is_file() {
            return Err(format!("kernel `{stem}` lacks its shader shaders/{stem}.wgsl"));
        }
    }
    let shaders = shader_stems(shaders).map_err(|error| error.to_string())?;
    match shaders.iter().find(|shader| !stems.contains(shader)) {
        Some(shader) => Err(format!("shaders/{shader}.wgsl has no folder src/kernels/{shader}")),
        None => Ok(()),
    }
}

/// The table and the modules, as Rust.
fn generate(
    root: &Path,
    shaders: &Path,
    stems: &[String],
) -> Result<String, Box<dyn std::error::Error>> {
    let mut text = String::new();
    for stem in stems {
        let native = root.join(format!("src/kernels/{stem}/native.rs"));
        writeln!(text, "#[path = {native:?}]\nmod {stem};")?;
    }
    writeln!(text, "\npub(crate) const KERNELS: &[Embedded] = &[")?;
    for stem in stems {
        let folder = root.join("src/kernels").join(stem);
        let shader = shaders.join(format!("{stem}.wgsl"));
        writeln!(text, "    Embedded {{ stem: {stem:?},")?;
        for (field, path) in [
            ("source", folder.join("kernel.py")),
            ("definition", folder.join("kernel.toml")),
            ("readme", folder.join("README.md")),
            ("shader", shader),
        ] {
            println!("cargo:rerun-if-changed={}", path.display());
            writeln!(text, "        {field}: include_str!({path:?}),")?;
        }
        writeln!(text, "        code: {stem}::CODE }},")?;
    }
    writeln!(text, "];\n\npub(crate) const SHADER_LIBRARY: &[(&str, &str)] = &[")?;
    for name in shader_stems(&shaders.join("lib"))? {
        let path = shaders.join("lib").join(format!("{name}.wgsl"));
        println!("cargo:rerun-if-changed={}", path.display());
        writeln!(text, "    ({name:?}, include_str!({path:?})),")?;
    }
    writeln!(text, "];")?;
    Ok(text)
}
