//! The kernels: what each computes, stated once as data and as code of every kind.
//!
//! A kernel is a folder of `src/kernels` and the shader of the same stem; the build script lists
//! them. This crate runs nothing: it hands out [`Kernel`]s, and knows no backend, no harness and
//! no device.
#![forbid(unsafe_code)]

mod arguments;
mod decimal_keys;
mod embedded;
mod heat;
mod lanes;
mod philox_lanes;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;

use crossover_contract::{Definition, DefinitionError, Kernel, SourceText};

/// A kernel of the suite cannot be handed out.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Its `kernel.toml` does not parse.
    #[error("kernel `{stem}`")]
    Definition {
        /// The kernel.
        stem: &'static str,
        /// What is wrong.
        source: DefinitionError,
    },
    /// There is no kernel of that stem.
    #[error("no kernel `{0}` in the suite")]
    Unknown(String),
}

/// Stems of all kernels, sorted.
pub fn stems() -> impl Iterator<Item = &'static str> {
    embedded::KERNELS.iter().map(|kernel| kernel.stem)
}

/// All kernels, sorted by stem; their definitions are parsed here.
///
/// # Errors
/// [`SuiteError::Definition`].
pub fn kernels() -> Result<Vec<Kernel>, SuiteError> {
    embedded::KERNELS.iter().map(load).collect()
}

/// The kernel of a stem.
///
/// # Errors
/// [`SuiteError`].
pub fn kernel(stem: &str) -> Result<Kernel, SuiteError> {
    let found = embedded::KERNELS.iter().find(|kernel| kernel.stem == stem);
    load(found.ok_or_else(|| SuiteError::Unknown(stem.to_owned()))?)
}

/// Text of the README of a kernel, for readers of reports.
pub fn readme(stem: &str) -> Option<&'static str> {
    embedded::KERNELS.iter().find(|kernel| kernel.stem == stem).map(|kernel| kernel.readme)
}

/// The modules that a reference may import from: `common`.
pub fn modules() -> BTreeMap<String, SourceText> {
    let path = "crates/suite/src/common.py".to_owned();
    let common = SourceText { path, text: include_str!("common.py").to_owned() };
    BTreeMap::from([("common".to_owned(), common)])
}

/// The shared shader fragments, by name.
pub fn shader_library() -> BTreeMap<String, SourceText> {
    let fragment = |(name, text): &(&str, &str)| {
        let path = format!("shaders/lib/{name}.wgsl");
        ((*name).to_owned(), SourceText { path, text: (*text).to_owned() })
    };
    embedded::SHADER_LIBRARY.iter().map(fragment).collect()
}

fn load(embedded: &embedded::Embedded) -> Result<Kernel, SuiteError> {
    let stem = embedded.stem;
    let definition = Definition::parse(
        &format!("crates/suite/src/kernels/{stem}/kernel.toml"),
        embedded.definition,
    )
    .map_err(|source| SuiteError::Definition { stem, source })?;
    Ok(Kernel {
        stem: stem.to_owned(),
        source: SourceText {
            path: format!("crates/suite/src/kernels/{stem}/kernel.py"),
            text: embedded.source.to_owned(),
        },
        modules: modules(),
        definition,
        shader: Some(SourceText {
            path: format!("shaders/{stem}.wgsl"),
            text: embedded.shader.to_owned(),
        }),
        shader_library: shader_library(),
        code: embedded.code,
    })
}
