//! The automaton of A. V. Aho and M. J. Corasick, "Efficient string matching", CACM 18 (1975), with
//! all transitions in a table.
//!
//! While it runs it only counts how often each state is entered; which patterns end in a state is
//! asked once per state afterwards. A step is a lookup by state and letter, and waits for the one
//! before; pieces of the text that overlap by the longest pattern less one letter can be walked side
//! by side.

use crossover_contract::NativeError;
use rayon::prelude::*;

/// Text of one parallel task at least.
const PER_TASK: usize = 1 << 16;

/// Classes of letters: those of the patterns, and one for all others. A power of two, so that a state
/// is an offset into the table.
const MOST_CLASSES: usize = 256;

/// The automaton of some patterns.
struct Automaton {
    /// Class of each letter.
    classes: [u8; 256],
    /// log2 of the classes of a row.
    shift: u32,
    /// Next state by state and class.
    next: Vec<u32>,
    /// Longest proper suffix of a state that is a state.
    suffix: Vec<u32>,
    /// States in the order of their length.
    by_length: Vec<u32>,
    /// Where each pattern ends.
    ends: Vec<u32>,
    longest: usize,
}

impl Automaton {
    fn of(patterns: &[&[u8]]) -> Automaton {
        let mut classes = [0; 256];
        let mut count = 1_usize;
        for &letter in patterns.iter().copied().flatten() {
            if classes[usize::from(letter)] == 0 && count < MOST_CLASSES {
                classes[usize::from(letter)] = count as u8;
                count += 1;
            }
        }
        let shift = count.next_power_of_two().trailing_zeros();
        let mut automaton = Automaton {
            classes,
            shift,
            next: vec![0; 1 << shift],
            suffix: vec![0],
            by_length: Vec::new(),
            ends: Vec::new(),
            longest: patterns.iter().map(|pattern| pattern.len()).max().unwrap_or(0),
        };
        automaton.ends = patterns.iter().map(|pattern| automaton.insert(pattern)).collect();
        automaton.complete();
        automaton
    }

    fn place(&self, state: u32, class: u8) -> usize {
        ((state as usize) << self.shift) | usize::from(class)
    }

    /// Adds a pattern to the trie; zero is no child there.
    fn insert(&mut self, pattern: &[u8]) -> u32 {
        let mut state = 0;
        for &letter in pattern {
            let place = self.place(state, self.classes[usize::from(letter)]);
            if self.next[place] == 0 {
                self.next[place] = self.suffix.len() as u32;
                self.suffix.push(0);
                self.next.resize(self.next.len() + (1 << self.shift), 0);
            }
            state = self.next[place];
        }
        state
    }

    /// Fills in the transitions that are no edges of the trie: those of the longest suffix.
    fn complete(&mut self) {
        self.by_length.push(0);
        let mut at = 0;
        while let Some(&state) = self.by_length.get(at) {
            at += 1;
            for class in 0..1_u32 << self.shift {
                let place = self.place(state, class as u8);
                let child = self.next[place];
                let otherwise = match state {
                    0 => 0,
                    _ => self.next[self.place(self.suffix[state as usize], class as u8)],
                };
                if child == 0 {
                    self.next[place] = otherwise;
                } else {
                    self.suffix[child as usize] = otherwise;
                    self.by_length.push(child);
                }
            }
        }
    }

    #[inline(always)]
    fn step(&self, state: u32, letter: u8) -> u32 {
        self.next[self.place(state, self.classes[usize::from(letter)])]
    }

    /// The state after what stands before `from`, as far as it matters.
    fn warm(&self, text: &[u8], from: usize) -> u32 {
        let start = from.saturating_sub(self.longest.saturating_sub(1));
        text[start..from].iter().fold(0, |state, &letter| self.step(state, letter))
    }

    /// Adds the states entered in `from..to` to `visits`.
    fn walk(&self, text: &[u8], from: usize, to: usize, visits: &mut [u32]) {
        let mut state = self.warm(text, from);
        for &letter in &text[from..to] {
            state = self.step(state, letter);
            visits[state as usize] += 1;
        }
    }

    /// Occurrences of each pattern: a state ends with its suffixes, longer ones first.
    fn counts(&self, mut visits: Vec<u32>) -> Vec<u32> {
        for &state in self.by_length.iter().skip(1).rev() {
            visits[self.suffix[state as usize] as usize] += visits[state as usize];
        }
        self.ends.iter().map(|&end| visits[end as usize]).collect()
    }
}

/// One letter after the other.
pub(super) fn one_chain(text: &[u8], patterns: &[&[u8]]) -> Result<Vec<u32>, NativeError> {
    let automaton = Automaton::of(patterns);
    let mut visits = vec![0; automaton.suffix.len()];
    automaton.walk(text, 0, text.len(), &mut visits);
    Ok(automaton.counts(visits))
}

/// Four quarters of the text side by side, each with its own counts: two that enter the same state
/// would wait for each other's.
pub(super) fn four_chains(text: &[u8], patterns: &[&[u8]]) -> Result<Vec<u32>, NativeError> {
    let automaton = Automaton::of(patterns);
    let states = automaton.suffix.len();
    let quarter = text.len() / 4;
    let mut visits = vec![0; 4 * states];
    let (first, rest) = visits.split_at_mut(states);
    let (second, rest) = rest.split_at_mut(states);
    let (third, fourth) = rest.split_at_mut(states);
    let [mut a, mut b, mut c, mut d] = [0, 1, 2, 3].map(|at| automaton.warm(text, at * quarter));
    let letters = text[..quarter].iter().zip(&text[quarter..][..quarter]);
    let letters = letters.zip(text[2 * quarter..][..quarter].iter().zip(&text[3 * quarter..]));
    for ((&at_a, &at_b), (&at_c, &at_d)) in letters {
        a = automaton.step(a, at_a);
        b = automaton.step(b, at_b);
        c = automaton.step(c, at_c);
        d = automaton.step(d, at_d);
        first[a as usize] += 1;
        second[b as usize] += 1;
        third[c as usize] += 1;
        fourth[d as usize] += 1;
    }
    automaton.walk(text, 4 * quarter, text.len(), fourth);
    let mut visits_of = vec![0; states];
    for piece in visits.chunks_exact(states.max(1)) {
        visits_of.iter_mut().zip(piece).for_each(|(sum, visits)| *sum += visits);
    }
    Ok(automaton.counts(visits_of))
}

/// Pieces of the text over the current pool.
pub(super) fn in_pieces(text: &[u8], patterns: &[&[u8]]) -> Result<Vec<u32>, NativeError> {
    let automaton = Automaton::of(patterns);
    let states = automaton.suffix.len();
    let pieces = (0..text.len().div_ceil(PER_TASK)).into_par_iter();
    let visits = pieces
        .fold(
            || vec![0; states],
            |mut visits, piece| {
                let from = piece * PER_TASK;
                automaton.walk(text, from, text.len().min(from + PER_TASK), &mut visits);
                visits
            },
        )
        .reduce(
            || vec![0; states],
            |mut sum, other| {
                sum.iter_mut().zip(other).for_each(|(sum, visits)| *sum += visits);
                sum
            },
        );
    Ok(automaton.counts(visits))
}
