//! Tokens in order, found by bisection.

use crossover_contract::NativeError;

use super::text::{bytes, length};
use super::{Text, TokenSet};

/// 16 bytes per token: a comparison of texts is one of numbers.
pub(super) struct Slots(Vec<Text>);

impl TokenSet for Slots {
    fn build(tokens: Vec<Text>) -> Result<Slots, NativeError> {
        Ok(Slots(tokens))
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    fn holds(&self, needle: Text) -> bool {
        let (mut low, mut high) = (0, self.0.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.0[middle] < needle {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.0.get(low) == Some(&needle)
    }
}

/// Needles that are bisected in step: while one waits for memory, so do the others, at once.
const IN_FLIGHT: usize = 16;

/// All needles, some at once; a step chooses without a branch, which half of the time would be
/// mispredicted.
pub(super) fn in_batches(set: &Slots, needles: &[Text], held: &mut [u32]) {
    let tokens = &*set.0;
    let mut groups = needles.chunks_exact(IN_FLIGHT).zip(held.chunks_exact_mut(IN_FLIGHT));
    for (needles, held) in &mut groups {
        let mut low = [0_usize; IN_FLIGHT];
        let mut size = tokens.len();
        while size > 1 {
            let half = size / 2;
            for (low, needle) in low.iter_mut().zip(needles) {
                let next = *low + half;
                *low = std::hint::select_unpredictable(tokens[next] <= *needle, next, *low);
            }
            size -= half;
        }
        for ((held, low), needle) in held.iter_mut().zip(low).zip(needles) {
            *held = u32::from(tokens[low] == *needle);
        }
    }
    let done = needles.len() - needles.len() % IN_FLIGHT;
    super::one_by_one(set, &needles[done..], &mut held[done..]);
}

/// Texts end to end, and where each begins.
pub(super) struct Packed {
    text: Vec<u8>,
    starts: Vec<u32>,
}

impl Packed {
    fn token(&self, index: usize) -> &[u8] {
        &self.text[self.starts[index] as usize..self.starts[index + 1] as usize]
    }
}

impl TokenSet for Packed {
    fn build(tokens: Vec<Text>) -> Result<Packed, NativeError> {
        let (mut text, mut starts) = (Vec::new(), vec![0]);
        for token in tokens {
            text.extend_from_slice(&bytes(token)[..length(token)]);
            starts.push(text.len() as u32);
        }
        Ok(Packed { text, starts })
    }

    fn bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.starts)
    }

    fn holds(&self, needle: Text) -> bool {
        let letters = bytes(needle);
        let needle = &letters[..length(needle)];
        let (mut low, mut high) = (0, self.starts.len() - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.token(middle) < needle {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low + 1 < self.starts.len() && self.token(low) == needle
    }
}
