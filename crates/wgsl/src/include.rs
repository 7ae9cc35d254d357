//! Shared fragments of hand-tuned shaders.
//!
//! A line `// include: philox` is replaced by the text of the fragment `philox`
//! (`shaders/lib/philox.wgsl`), which may include others. A fragment is pasted where it is first
//! asked for; asked for again, it is there already.

use std::collections::{BTreeMap, BTreeSet};

/// Why includes cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IncludeError {
    /// No fragment of this name.
    #[error("there is no fragment `{name}`; there are: {}", .known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The fragments there are.
        known: Vec<String>,
    },
    /// A fragment includes itself.
    #[error("fragments include each other: {}", .chain.join(" -> "))]
    Cycle {
        /// The names, from the first to its repetition.
        chain: Vec<String>,
    },
}

/// Expands the `// include: name` lines of a shader.
///
/// # Errors
/// An unknown fragment, or a cycle.
pub fn expand_includes(
    text: &str,
    fragments: &BTreeMap<String, String>,
) -> Result<String, IncludeError> {
    let mut expansion =
        Expansion { fragments, done: BTreeSet::new(), open: Vec::new(), out: String::new() };
    expansion.text(text)?;
    Ok(expansion.out)
}

struct Expansion<'a> {
    fragments: &'a BTreeMap<String, String>,
    done: BTreeSet<String>,
    open: Vec<String>,
    out: String,
}

impl Expansion<'_> {
    fn text(&mut self, text: &str) -> Result<(), IncludeError> {
        for line in text.lines() {
            match line.trim().strip_prefix("// include:") {
                Some(name) => self.fragment(name.trim())?,
                None => {
                    self.out.push_str(line);
                    self.out.push('\n');
                }
            }
        }
        Ok(())
    }

    fn fragment(&mut self, name: &str) -> Result<(), IncludeError> {
        if let Some(from) = self.open.iter().position(|open| open == name) {
            let mut chain = self.open.split_off(from);
            chain.push(name.to_owned());
            return Err(IncludeError::Cycle { chain });
        }
        let Some(text) = self.fragments.get(name) else {
            let known = self.fragments.keys().cloned().collect();
            return Err(IncludeError::Unknown { name: name.to_owned(), known });
        };
        if self.done.contains(name) {
            return Ok(());
        }
        self.open.push(name.to_owned());
        self.text(text)?;
        self.open.pop();
        self.done.insert(name.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragments(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_fragment_is_pasted_once() {
        let known = fragments(&[("a", "// include: b\nA"), ("b", "B")]);
        let text = expand_includes("x\n  // include: a\n// include: b\ny", &known).unwrap();
        assert_eq!(text, "x\nB\nA\ny\n");
    }

    #[test]
    fn a_cycle_and_an_unknown_name_are_errors() {
        let known = fragments(&[("a", "// include: b"), ("b", "// include: a")]);
        let error = expand_includes("// include: a", &known).unwrap_err();
        assert_eq!(error.to_string(), "fragments include each other: a -> b -> a");
        let error = expand_includes("// include: c", &known).unwrap_err();
        assert_eq!(error.to_string(), "there is no fragment `c`; there are: a, b");
    }
}
