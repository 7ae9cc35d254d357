//! Pieces of the range from a queue that threads share: each takes the next piece when it is done
//! with its own, in the order that the case asks for.

use std::sync::atomic::{AtomicU64, Ordering};

use super::number::Number;
use super::{Range, Tally};

/// How the range is handed out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    /// Numbers of a piece.
    pub(super) chunk: u64,
    pub(super) order: Order,
}

/// Which piece is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Small numbers first.
    Ascending,
    /// Large numbers first: the dear pieces do not come last.
    Descending,
    /// From both ends in turn.
    Ends,
}

impl Order {
    /// The order of a choice of `kernel.toml`, where they stand as here.
    pub(super) fn of(choice: f64) -> Order {
        match choice as u32 {
            0 => Order::Ascending,
            1 => Order::Descending,
            _ => Order::Ends,
        }
    }

    /// The piece of a turn.
    pub(super) fn piece(self, turn: u64, pieces: u64) -> u64 {
        match self {
            Order::Ascending => turn,
            Order::Descending => pieces - 1 - turn,
            Order::Ends if turn.is_multiple_of(2) => turn / 2,
            Order::Ends => pieces - 1 - turn / 2,
        }
    }
}

/// Counts the pieces of a range on all threads of the current pool.
pub(super) fn share<N: Number>(range: Range<N>, part: impl Fn(N, N) -> Tally + Sync) -> Tally {
    let (first, last) = (range.first.to_u64(), range.last.to_u64());
    let Queue { chunk, order } = range.queue;
    let pieces = (last - first) / chunk + 1;
    let turns = AtomicU64::new(0);
    let worker = |_: rayon::BroadcastContext<'_>| {
        let mut own = Tally::default();
        loop {
            let turn = turns.fetch_add(1, Ordering::Relaxed);
            if turn >= pieces {
                return own;
            }
            let from = first + order.piece(turn, pieces) * chunk;
            let to = last.min(from.saturating_add(chunk - 1));
            own += part(N::from_u64(from), N::from_u64(to));
        }
    };
    let mut all = Tally::default();
    for own in rayon::broadcast(worker) {
        all += own;
    }
    all
}
