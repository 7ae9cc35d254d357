//! Tokens by their hashes.

use std::collections::HashSet;

use crossover_contract::NativeError;

use super::text::{bytes, length};
use super::{Text, TokenSet};

/// What a person writes first: a set of texts, each in an allocation of its own.
pub(super) struct StandardSet {
    set: HashSet<Box<[u8]>>,
    /// What the texts take, in allocations of multiples of 16 bytes with 8 of their own.
    texts: usize,
}

impl TokenSet for StandardSet {
    fn build(tokens: Vec<Text>) -> Result<StandardSet, NativeError> {
        let texts = tokens.iter().map(|&token| (length(token) + 8).next_multiple_of(16)).sum();
        let owned = |token: Text| Box::from(&bytes(token)[..length(token)]);
        Ok(StandardSet { set: tokens.into_iter().map(owned).collect(), texts })
    }

    fn bytes(&self) -> usize {
        // Seven of eight buckets are the capacity; each is a pointer, a length and a tag.
        self.set.capacity() / 7 * 8 * 17 + self.texts
    }

    fn holds(&self, needle: Text) -> bool {
        self.set.contains(&bytes(needle)[..length(needle)])
    }
}

/// Open addressing with the tokens themselves in the slots; no text is 0, so 0 is an empty slot.
pub(super) struct Table {
    slots: Vec<Text>,
    shift: u32,
}

impl Table {
    fn home(&self, text: Text) -> usize {
        // Both halves, multiplied so that the high bits depend on every letter.
        let mixed = (text >> 64) as u64 ^ (text as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    /// The slot of a text, or the empty one where it would be.
    fn find(&self, text: Text) -> usize {
        let mut at = self.home(text);
        while self.slots[at] != text && self.slots[at] != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        at
    }
}

impl TokenSet for Table {
    fn build(tokens: Vec<Text>) -> Result<Table, NativeError> {
        let slots = (2 * tokens.len()).next_power_of_two();
        let mut table = Table { slots: vec![0; slots], shift: 64 - slots.trailing_zeros() };
        for token in tokens {
            let at = table.find(token);
            table.slots[at] = token;
        }
        Ok(table)
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }

    fn holds(&self, needle: Text) -> bool {
        self.slots[self.find(needle)] == needle
    }
}
