//! A search per pattern: plain, and by libraries.

use aho_corasick::AhoCorasick;
use crossover_contract::NativeError;
use memchr::memmem::Finder;

/// Every start of the text against every pattern.
pub(super) fn plain(text: &[u8], patterns: &[&[u8]]) -> Result<Vec<u32>, NativeError> {
    Ok(patterns.iter().map(|pattern| occurrences(text, pattern)).collect())
}

fn occurrences(text: &[u8], pattern: &[u8]) -> u32 {
    let mut found = 0;
    for window in text.windows(pattern.len()) {
        // Letter by letter: a call that compares slices costs more than these few letters.
        found += u32::from(window.iter().zip(pattern).all(|(a, b)| a == b));
    }
    found
}

/// The library's search for one pattern, taken up again one letter after each occurrence. It is made
/// for needles that are rare.
pub(super) fn memmem(text: &[u8], patterns: &[&[u8]]) -> Result<Vec<u32>, NativeError> {
    let count = |pattern: &&[u8]| {
        let finder = Finder::new(pattern);
        let (mut found, mut rest) = (0, text);
        while let Some(at) = finder.find(rest) {
            found += 1;
            rest = &rest[at + 1..];
        }
        found
    };
    Ok(patterns.iter().map(count).collect())
}

/// The library's automaton, which reports each occurrence.
pub(super) fn aho_corasick(text: &[u8], patterns: &[&[u8]]) -> Result<Vec<u32>, NativeError> {
    let refused = |error: &dyn std::error::Error| NativeError::Refused(error.to_string());
    let automaton = AhoCorasick::builder()
        .kind(Some(aho_corasick::AhoCorasickKind::DFA))
        .build(patterns)
        .map_err(|error| refused(&error))?;
    let mut counts = vec![0; patterns.len()];
    let matches = automaton.try_find_overlapping_iter(text).map_err(|error| refused(&error))?;
    matches.for_each(|found| counts[found.pattern().as_usize()] += 1);
    Ok(counts)
}
