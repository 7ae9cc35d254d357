//! Shared fragments of hand-tuned shaders.
//!
//! A line `// include: philox` is replaced by the text of the fragment `philox`
//! (`shaders/lib/philox.wgsl`), which may include others. A fragment is pasted where it is first
//! asked for; asked for again, it is there already.
//!
//! A fragment may have further forms with the same functions: `philox.u64` beside `philox` for one
//! instance of the kernel, `philox.subgroup` for devices with subgroups. Instance and device decide
//! which is pasted, and the shader is one text.

use std::collections::{BTreeMap, BTreeSet};

use crossover_values::DType;

/// Which form of a fragment is pasted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FragmentForm {
    /// The one that every device runs.
    #[default]
    Plain,
    /// The one that uses subgroup operations, where a fragment has it; else the plain one.
    Subgroup,
}

impl FragmentForm {
    /// Both, for those who check shaders without a device.
    pub const ALL: [FragmentForm; 2] = [FragmentForm::Plain, FragmentForm::Subgroup];
}

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

/// Expands the `// include: name` lines of an instance's shader.
///
/// # Errors
/// An unknown fragment, or a cycle.
pub fn expand_includes(
    text: &str,
    fragments: &BTreeMap<String, String>,
    dtype: DType,
    form: FragmentForm,
) -> Result<String, IncludeError> {
    let mut forms = vec![format!(".{dtype}")];
    if form == FragmentForm::Subgroup {
        forms.push(".subgroup".to_owned());
    }
    forms.push(String::new());
    let mut expansion =
        Expansion { fragments, forms, done: BTreeSet::new(), open: Vec::new(), out: String::new() };
    expansion.text(text)?;
    Ok(expansion.out)
}

struct Expansion<'a> {
    fragments: &'a BTreeMap<String, String>,
    /// What may follow a name, the first that is there wins.
    forms: Vec<String>,
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
        let form = |form: &String| self.fragments.get(&format!("{name}{form}"));
        let Some(text) = self.forms.iter().find_map(form) else {
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
        let text = expand_includes(
            "x\n  // include: a\n// include: b\ny",
            &known,
            DType::F32,
            FragmentForm::Plain,
        )
        .unwrap();
        assert_eq!(text, "x\nB\nA\ny\n");
    }

    #[test]
    fn instance_and_device_decide_which_form_is_pasted() {
        let forms = [("a", "A"), ("a.subgroup", "// include: b\nS"), ("b", "B"), ("b.u64", "U")];
        let known = fragments(&forms);
        let text = |dtype, form| expand_includes("// include: a", &known, dtype, form).unwrap();
        assert_eq!(FragmentForm::ALL.map(|form| text(DType::F32, form)), ["A\n", "B\nS\n"]);
        assert_eq!(text(DType::U64, FragmentForm::Subgroup), "U\nS\n");
    }

    #[test]
    fn a_cycle_and_an_unknown_name_are_errors() {
        let known = fragments(&[("a", "// include: b"), ("b", "// include: a")]);
        let error =
            expand_includes("// include: a", &known, DType::F32, FragmentForm::Plain).unwrap_err();
        assert_eq!(error.to_string(), "fragments include each other: a -> b -> a");
        let error =
            expand_includes("// include: c", &known, DType::F32, FragmentForm::Plain).unwrap_err();
        assert_eq!(error.to_string(), "there is no fragment `c`; there are: a, b");
    }
}
