//! Which lines a filter of the command line leaves: known before anything is verified, where
//! Criterion would only decide what to time, after all kernels were proved.

/// Options of Criterion that stand alone; the word after any other belongs to it.
const FLAGS: &[&str] =
    &["--bench", "--test", "--list", "--quick", "--noplot", "--verbose", "--quiet"];

/// A filter in plain words, such as `julia/f32`; anything else is left to Criterion, which reads it
/// as a regular expression.
pub(crate) struct Filter(Option<String>);

impl Filter {
    /// The filter among the arguments of a bench.
    pub(crate) fn new(arguments: &[String]) -> Filter {
        let word = arguments.iter().enumerate().find(|(at, argument)| {
            let before = at.checked_sub(1).map(|before| arguments[before].as_str());
            let value = before.is_some_and(|b| b.starts_with('-') && !FLAGS.contains(&b));
            !argument.starts_with('-') && !value
        });
        let plain = |text: &String| {
            text.contains('/')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_+".contains(c))
        };
        // `lanes\+threads` is how a regular expression writes the name of that variant.
        Filter(word.map(|(_, text)| text.replace("\\+", "+")).filter(plain))
    }

    /// Whether a label `kernel/dtype/size/variant` may be meant.
    pub(crate) fn leaves(&self, label: &str) -> bool {
        self.0.as_ref().is_none_or(|filter| label.contains(filter.as_str()))
    }
}
