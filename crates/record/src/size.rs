//! The name of a case's size: `book`, or `custom` where parameters were set by hand, and after it
//! what a sweep set: `book chunk=64 order=down`.

/// The name of a size of which a sweep set these parameters, as `(name, value)`.
pub fn size_name(base: &str, swept: &[(String, String)]) -> String {
    let words = swept.iter().map(|(name, value)| format!(" {name}={value}"));
    std::iter::once(base.to_owned()).chain(words).collect()
}

/// The parts of such a name. A word without `=` belongs to what is before it: names of choices may
/// have spaces.
pub fn size_parts(size: &str) -> (String, Vec<(String, String)>) {
    let mut base = String::new();
    let mut swept: Vec<(String, String)> = Vec::new();
    for word in size.split(' ') {
        match (word.split_once('='), swept.last_mut()) {
            (Some((name, value)), _) if !base.is_empty() => {
                swept.push((name.to_owned(), value.to_owned()));
            }
            (_, Some((_, value))) => {
                value.push(' ');
                value.push_str(word);
            }
            (_, None) if base.is_empty() => word.clone_into(&mut base),
            (_, None) => {
                base.push(' ');
                base.push_str(word);
            }
        }
    }
    (base, swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sizes_come_apart_as_they_were_put_together() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let cases = [
            ("book", vec![], "book"),
            ("book", vec![pair("chunk", "64"), pair("order", "down")], "book chunk=64 order=down"),
            ("my size", vec![pair("order", "far end first")], "my size order=far end first"),
        ];
        for (base, swept, name) in cases {
            assert_eq!(size_name(base, &swept), name);
            assert_eq!(size_parts(name), (base.to_owned(), swept));
        }
        assert_eq!(size_parts("a=b"), ("a=b".to_owned(), vec![]), "a base has no value");
    }
}
