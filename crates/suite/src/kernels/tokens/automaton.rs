//! Tokens letter by letter: a tree of their beginnings, and the smallest automaton that knows them.

use std::ops::Range;

use crossover_contract::NativeError;

use super::text::{bytes, length};
use super::{Text, TokenSet};

/// Marks the node where a token ends; letters have seven bits.
const END: u8 = 0x80;

/// A tree of beginnings, level by level: the children of a node stand side by side, in order, and
/// those of the next node behind them.
pub(super) struct Trie {
    letters: Vec<u8>,
    /// First child of each node, and one more.
    children: Vec<u32>,
}

impl TokenSet for Trie {
    fn build(tokens: Vec<Text>) -> Result<Trie, NativeError> {
        let mut trie = Trie { letters: vec![0], children: Vec::new() };
        // Each node of a level is the range of tokens that share its beginning.
        let root = 0..tokens.len();
        let mut level = vec![root];
        let mut depth = 0;
        while !level.is_empty() {
            let mut next = Vec::new();
            for node in level {
                trie.children.push(trie.letters.len() as u32);
                trie.split(&tokens, node, depth, &mut next);
            }
            (level, depth) = (next, depth + 1);
        }
        trie.children.push(trie.letters.len() as u32);
        Ok(trie)
    }

    fn bytes(&self) -> usize {
        self.letters.len() + size_of_val(&*self.children)
    }

    fn holds(&self, needle: Text) -> bool {
        let mut node = 0;
        for &letter in &bytes(needle)[..length(needle)] {
            let children = self.children[node] as usize..self.children[node + 1] as usize;
            let found = self.letters[children.clone()].iter().position(|&l| l & !END == letter);
            match found {
                Some(child) => node = children.start + child,
                None => return false,
            }
        }
        self.letters[node] & END != 0
    }
}

impl Trie {
    /// Adds the children of a node and the range of each.
    fn split(
        &mut self,
        tokens: &[Text],
        node: Range<usize>,
        depth: usize,
        next: &mut Vec<Range<usize>>,
    ) {
        let mut rest = node;
        while !rest.is_empty() {
            let first = tokens[rest.start];
            let letter = bytes(first).get(depth).copied().unwrap_or(0);
            let same = |token: &Text| bytes(*token).get(depth).copied().unwrap_or(0) == letter;
            let end = rest.start + tokens[rest.clone()].partition_point(same);
            // The token that ends here stands first and has no letter.
            if letter != 0 {
                let ends = if length(first) == depth + 1 { END } else { 0 };
                self.letters.push(letter | ends);
                next.push(rest.start..end);
            }
            rest.start = end;
        }
    }
}

/// The minimal automaton: beginnings and endings are shared.
pub(super) struct Minimal(fst::Set<Vec<u8>>);

impl TokenSet for Minimal {
    fn build(tokens: Vec<Text>) -> Result<Minimal, NativeError> {
        let refused = |error: fst::Error| NativeError::Refused(error.to_string());
        let mut builder = fst::SetBuilder::memory();
        for token in tokens {
            builder.insert(&bytes(token)[..length(token)]).map_err(refused)?;
        }
        Ok(Minimal(builder.into_set()))
    }

    fn bytes(&self) -> usize {
        self.0.as_fst().as_bytes().len()
    }

    fn holds(&self, needle: Text) -> bool {
        self.0.contains(&bytes(needle)[..length(needle)])
    }
}
