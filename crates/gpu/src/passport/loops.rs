//! How long loops may run.
//!
//! llvmpipe gives all loops of an invocation together 65,535 iterations and then leaves them,
//! without a word. Its lanes run side by side and share that number, so lanes that loop at
//! different times use up each other's. An answer that is right only because its loops were short
//! must be told from one that is right.

use crate::{
    error::GpuError,
    passport::{Canary, Probe, bytes_of},
};

/// The body is a step of a generator: no compiler can replace the loop by a formula.
const SOURCE: &str = "
@group(0) @binding(0) var<storage, read> size: array<u32>;
@group(0) @binding(1) var<storage, read_write> answer: array<u32>;

@compute @workgroup_size(1)
fn count() {
    var steps = 0u;
    var x = size[2];
    for (var i = 0u; i < size[0]; i++) {
        x = x * 1664525u + 1013904223u;
        steps++;
    }
    answer[0] = steps;
    answer[1] = x;
}

@compute @workgroup_size(1)
fn nest() {
    var steps = 0u;
    var x = size[2];
    for (var o = 0u; o < size[0]; o++) {
        for (var i = 0u; i < size[1]; i++) {
            x = x * 1664525u + 1013904223u;
            steps++;
        }
    }
    answer[0] = steps;
    answer[1] = x;
}

@compute @workgroup_size(32)
fn turns(@builtin(local_invocation_index) lane: u32) {
    var steps = 0u;
    var x = size[2];
    for (var o = 0u; o < 32u; o++) {
        let n = select(0u, size[0], o == lane);
        for (var i = 0u; i < n; i++) {
            x = x * 1664525u + 1013904223u;
            steps++;
        }
    }
    answer[2u * lane] = steps;
    answer[2u * lane + 1u] = x;
}
";

const COUNT: u32 = 100_000;
const NEST: u32 = 1000;
/// Each of the 32 lanes' own share, in its own turn: below the known limit of 65,535, and above it
/// for even four lanes together.
const TURN: u32 = 20_000;
const SEED: u32 = 1;

/// Whether the lanes of a kernel loop alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trips {
    /// Every loop makes the same number of iterations in every invocation.
    Equal,
    /// They differ, or nobody knows.
    Varying,
}

/// What loops may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loops {
    /// Iterations that all loops of one invocation may make together; `None` if no limit was met
    /// within `tested`. Each time a loop is entered costs one more than its iterations.
    pub budget: Option<u64>,
    /// Iterations up to which was tried.
    pub tested: u64,
    /// How many lanes share one budget; 1 if each invocation has its own. Where lanes share, the
    /// need of an invocation is not its own count: each pass of an outer loop costs what the
    /// longest of these lanes makes of it. [`Loops::limit`] takes care of it.
    pub shared_by: u32,
    /// Iterations that a loop to 100,000 made.
    pub counted: u64,
    /// Inner iterations that 1000 times 1000 made.
    pub nested: u64,
    /// Fewest iterations of any of 32 lanes that each made 20,000 in a turn of their own.
    pub in_turn: u64,
}

/// Runs the loops on a device whose subgroups have at most so many lanes.
pub(super) fn ask(probe: &mut Probe, lanes: u32) -> Result<Loops, GpuError> {
    let mut run = |entry, size: [u32; 3], words: u64| {
        let bytes = probe.ask(SOURCE, entry, &[bytes_of(&size)], 4 * words, 1)?;
        Ok::<Vec<u32>, GpuError>(bytemuck::pod_collect_to_vec(&bytes))
    };
    let count = run("count", [COUNT, 0, SEED], 2)?;
    let nest = run("nest", [NEST, NEST, SEED], 2)?;
    let turns = run("turns", [TURN, 0, SEED], 64)?;
    Ok(judge(&count, &nest, &turns, lanes))
}

/// Steps really made: the count must agree with the generator's state, or neither is believed.
fn steps(pair: &[u32]) -> u64 {
    let mut x = SEED;
    for _ in 0..pair[0] {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    }
    if x == pair[1] { u64::from(pair[0]) } else { 0 }
}

fn judge(count: &[u32], nest: &[u32], turns: &[u32], lanes: u32) -> Loops {
    let counted = steps(count);
    let nested = steps(nest);
    let in_turn = turns.chunks_exact(2).map(steps).min().unwrap_or(0);
    let tested = u64::from(NEST) * u64::from(NEST);
    let short = counted < u64::from(COUNT);
    // Without a limit on the single loop, a nest cut short shows one between the two.
    let nest_budget = (nested < tested).then_some(nested);
    Loops {
        budget: if short { Some(counted) } else { nest_budget },
        tested,
        shared_by: if in_turn < u64::from(TURN) { lanes.max(1) } else { 1 },
        counted,
        nested,
        in_turn,
    }
}

impl Loops {
    /// Iterations that one invocation may make and still end with the right answer, as far as is
    /// known: `None` if no limit was met. What is counted is the sum over all its loops, inner
    /// ones included, plus one for each time that a loop is entered.
    pub fn limit(&self, trips: Trips) -> Option<u64> {
        match trips {
            Trips::Equal => self.budget,
            // The worst case: no two lanes ever loop at the same time.
            Trips::Varying => self.budget.map(|budget| budget / u64::from(self.shared_by)),
        }
    }

    pub(super) fn canaries(&self) -> Vec<Canary> {
        let note = match self.budget {
            Some(_) => "loops end early: a kernel that needs more is unavailable here",
            None => "",
        };
        let row =
            |name: &str, expected: u64, got: u64| Canary::new(name, expected, got, expected == got);
        let shared = if self.in_turn < u64::from(TURN) {
            "lanes share one budget of iterations"
        } else {
            ""
        };
        vec![
            row("a loop to 100,000", u64::from(COUNT), self.counted).note(note),
            row("a loop to 1000 in a loop to 1000", self.tested, self.nested).note(note),
            row("20,000 iterations in each lane's turn", u64::from(TURN), self.in_turn)
                .note(shared),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(steps: u32) -> [u32; 2] {
        let x = (0..steps).fold(SEED, |x, _| x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        [steps, x]
    }

    #[test]
    fn limits_are_found_and_lies_are_not_believed() {
        let turns: Vec<u32> = [pair(TURN); 32].concat();
        let free = judge(&pair(COUNT), &pair(NEST * NEST), &turns, 8);
        assert_eq!((free.budget, free.shared_by), (None, 1));
        assert!(free.canaries().iter().all(|c| c.ok));
        let mut late = turns.clone();
        late[62..].copy_from_slice(&pair(7));
        let tight = judge(&pair(65_535), &pair(65_405), &late, 8);
        assert_eq!((tight.budget, tight.shared_by, tight.in_turn), (Some(65_535), 8, 7));
        assert!(tight.canaries().iter().all(|c| !c.ok));
        assert_eq!(
            (tight.limit(Trips::Equal), tight.limit(Trips::Varying)),
            (Some(65_535), Some(8191))
        );
        assert_eq!(free.limit(Trips::Varying), None);
        let between = judge(&pair(COUNT), &pair(200_000), &turns, 8);
        assert_eq!(between.budget, Some(200_000));
        let lying = judge(&[COUNT, 3], &pair(NEST * NEST), &turns, 8);
        assert_eq!(lying.budget, Some(0));
    }
}
