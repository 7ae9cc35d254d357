//! Names of the text: those of the source where WGSL allows them, made unique.

use std::collections::BTreeSet;

use naga::keywords::wgsl::{BUILTIN_IDENTIFIER_SET, RESERVED_SET};

/// Names that the generator itself gives where names of the source stand too. Those that are
/// local to an entry point are not among them: nothing of the source is named there.
const OWN: &[&str] = &[
    "Params",
    "params",
    "main",
    "finish",
    "iteration",
    "section",
    "scalars",
    "scalars_f64",
    "scalars_64",
    "partials",
    "partials_f64",
    "partials_64",
    "at",
    "real",
];

/// Hands out names, each once.
#[derive(Debug, Default)]
pub(crate) struct Namer {
    taken: BTreeSet<String>,
}

impl Namer {
    /// A name near `wanted` that nothing else has.
    pub(crate) fn name(&mut self, wanted: &str) -> String {
        let base = sanitise(wanted);
        let mut name = base.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        name
    }
}

/// An ASCII identifier that is no word of WGSL, of the generator, of its helpers (`x_i32`, …) or
/// of its values (`t12`).
fn sanitise(wanted: &str) -> String {
    let mut name = String::new();
    for letter in wanted.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => name.push(letter),
            other if other.is_ascii() => name.push('_'),
            other => name.push_str(&format!("u{:x}", u32::from(other))),
        }
    }
    let name = name.trim_start_matches('_');
    let name = if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("v{name}")
    } else {
        name.to_owned()
    };
    if clashes(&name) { format!("{name}_") } else { name }
}

fn clashes(name: &str) -> bool {
    let made = name
        .strip_prefix('t')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    let helper = ["_bool", "_i32", "_u32", "_f32", "_f64", "_i64", "_u64"]
        .iter()
        .any(|end| name.ends_with(end));
    let prefixed = ["acc_", "shared_", "load_", "store_", "exchange_if_", "bits_"]
        .iter()
        .any(|start| name.starts_with(start));
    made || helper
        || prefixed
        || OWN.contains(&name)
        || RESERVED_SET.contains(name)
        || BUILTIN_IDENTIFIER_SET.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_wgsl_are_avoided_and_names_are_unique() {
        let mut namer = Namer::default();
        assert_eq!(namer.name("loop"), "loop_");
        assert_eq!(namer.name("loop"), "loop__2");
        assert_eq!(namer.name("x"), "x");
        assert_eq!(namer.name("f32"), "f32_");
        assert_eq!(namer.name("__x"), "x_2");
        assert_eq!(namer.name("é"), "ue9");
        assert_eq!(namer.name("_"), "v");
        assert_eq!(namer.name("t12"), "t12_");
        assert_eq!(namer.name("reduce.level"), "reduce_level");
    }
}
