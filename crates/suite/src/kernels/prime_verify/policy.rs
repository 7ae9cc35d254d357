//! How workers learn that another has found a factor, and what it costs them.
//!
//! The smallest factor is asked for, so a find ends only those who are at larger divisors; the
//! result is the same under every policy, and the number of divisions is not.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Outcome, Search, divisors, done};

/// The choices of the parameter `policy`, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// Equal shares; nobody looks.
    None,
    /// One worker tries the first divisors, then as `None`.
    Prefix,
    /// Equal shares; everybody looks at the flag after so many divisions.
    Poll,
    /// Blocks from a queue; whoever takes one looks first.
    Block,
}

impl Policy {
    /// The policy of a number of `kernel.toml`.
    pub(super) fn of(choice: i32) -> Policy {
        match choice {
            0 => Policy::None,
            1 => Policy::Prefix,
            2 => Policy::Poll,
            _ => Policy::Block,
        }
    }
}

/// A policy with its settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exit {
    pub(super) policy: Policy,
    pub(super) prefix: u64,
    pub(super) poll: u64,
    pub(super) block: u64,
}

/// The smallest k found so far; relaxed, because nothing else is published with it.
struct Flag(AtomicU64);

impl Flag {
    fn raise(&self, k: u64) {
        self.0.fetch_min(k, Ordering::Relaxed);
    }

    /// Whether what begins at k is done in vain.
    fn is_below(&self, k: u64) -> bool {
        self.0.load(Ordering::Relaxed) < k
    }

    fn into_first(self) -> Option<u64> {
        Some(self.0.into_inner()).filter(|&k| k != u64::MAX)
    }
}

/// Searches all odd divisors of a number with the threads of the current pool.
pub(super) fn split(n: u64, exit: &Exit, search: Search) -> Outcome {
    let all = 0..divisors(n);
    let head = match exit.policy {
        Policy::Prefix => 0..exit.prefix.min(all.end),
        _ => 0..0,
    };
    let first = search(n, head.clone());
    let serial = done(&head, first);
    if first.is_some() {
        return Outcome { first, divisions: serial };
    }
    let rest = head.end..all.end;
    let rest = match exit.policy {
        Policy::None | Policy::Prefix => shares(n, rest, None, search),
        Policy::Poll => shares(n, rest, Some(exit.poll), search),
        Policy::Block => blocks(n, rest, exit.block, search),
    };
    Outcome { first: rest.first, divisions: serial + rest.divisions }
}

/// One consecutive share per thread; with `poll`, a look at the flag before every so many divisions.
fn shares(n: u64, range: Range<u64>, poll: Option<u64>, search: Search) -> Outcome {
    let flag = Flag(AtomicU64::new(u64::MAX));
    let worker = |context: rayon::BroadcastContext<'_>| {
        let share = (range.end - range.start).div_ceil(context.num_threads() as u64);
        let start = (range.start + share * context.index() as u64).min(range.end);
        let end = (start + share).min(range.end);
        let mut divisions = 0;
        let mut at = start;
        while at < end && !(poll.is_some() && flag.is_below(at)) {
            let piece = at..end.min(at.saturating_add(poll.unwrap_or(u64::MAX)));
            let first = search(n, piece.clone());
            divisions += done(&piece, first);
            if let Some(k) = first {
                flag.raise(k);
                break;
            }
            at = piece.end;
        }
        divisions
    };
    let divisions = rayon::broadcast(worker).into_iter().sum();
    Outcome { first: flag.into_first(), divisions }
}

/// Blocks in ascending order from a queue, with a look at the flag before each.
fn blocks(n: u64, range: Range<u64>, block: u64, search: Search) -> Outcome {
    let flag = Flag(AtomicU64::new(u64::MAX));
    let turns = AtomicU64::new(0);
    let worker = |_: rayon::BroadcastContext<'_>| {
        let mut divisions = 0;
        loop {
            let start = range.start + turns.fetch_add(1, Ordering::Relaxed) * block;
            if start >= range.end || flag.is_below(start) {
                return divisions;
            }
            let piece = start..range.end.min(start + block);
            let first = search(n, piece.clone());
            divisions += done(&piece, first);
            if let Some(k) = first {
                flag.raise(k);
            }
        }
    };
    let divisions = rayon::broadcast(worker).into_iter().sum();
    Outcome { first: flag.into_first(), divisions }
}
