//! What generated code and host exchange: two tables of 64-bit words.
//!
//! *Inputs* are the same for all threads and are not written while a unit runs: the cancel flag's
//! address, the axes, and the host variables and arrays that the unit names ([`crate::names`]). The
//! *lane table* belongs to one call: a failure's description, results, scratch arrays. A value
//! narrower than a word occupies its first bytes; hosts are little-endian, so these are the word's
//! low bits.

use crossover_ir::{Code, ReduceId, ReduceOp, ReduceScope, ScratchId, VarId};
use crossover_values::DType;

use crate::CompileError;
use crate::names::{self, Names};

/// Size of a word in bytes.
pub(crate) const WORD: usize = 8;
/// Partial results of a float reduction (rule 11 of the language).
pub(crate) const PARTIALS: usize = 16;
/// Words of an axis in the inputs: first index and number of iterations.
const AXIS_WORDS: usize = 2;
/// Words of the inputs before the first host variable.
pub(crate) const FIXED_WORDS: usize = 1 + 3 * AXIS_WORDS;

/// Input word: address of the cancel flag.
pub(crate) const CANCEL: usize = 0;
/// Lane word: index of the site that failed.
pub(crate) const FAILED_SITE: usize = 0;
/// Lane word: the value in question.
pub(crate) const FAILED_PAYLOAD: usize = 1;
/// Lane word: the flattened iteration.
pub(crate) const FAILED_ITERATION: usize = 2;
/// Lane words before the first result.
const FAILURE_WORDS: usize = 3;

/// What a call of generated code says when it returns.
pub(crate) mod status {
    /// The range is done.
    pub(crate) const DONE: u32 = 0;
    /// A trap; the lane table says which.
    pub(crate) const FAILED: u32 = 1;
    /// The cancel flag was seen.
    pub(crate) const CANCELLED: u32 = 2;
}

/// Input word of an axis' first index.
pub(crate) fn axis_lo(axis: usize) -> usize {
    1 + axis * AXIS_WORDS
}

/// Input word of an axis' number of iterations.
pub(crate) fn axis_count(axis: usize) -> usize {
    axis_lo(axis) + 1
}

/// How a reduction of a region is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// One accumulator per call, combined in any order.
    Accumulate,
    /// Sixteen partial results per block of 4,096 iterations.
    Blocks,
    /// Of a loop inside a lane: as blocks, which generated code folds itself.
    Inner,
    /// A flag, the best value and the payload per call, combined in order.
    Best,
}

impl Scheme {
    /// The scheme of a reduction.
    pub(crate) fn of(code: &Code, reduce: ReduceId) -> Scheme {
        let reduce = &code.reduces[reduce.0 as usize];
        match reduce.op {
            _ if reduce.scope == ReduceScope::Loop => Scheme::Inner,
            ReduceOp::ArgMin | ReduceOp::ArgMax => Scheme::Best,
            op if op.is_ordered(reduce.dtype) => Scheme::Blocks,
            ReduceOp::Add
            | ReduceOp::Or
            | ReduceOp::Xor
            | ReduceOp::And
            | ReduceOp::Min
            | ReduceOp::Max => Scheme::Accumulate,
        }
    }
}

/// Words of the partial results of a float reduction, which stand close together.
pub(crate) fn partial_words(dtype: DType) -> usize {
    PARTIALS * dtype.size() / WORD
}

/// Bytes of an element of a scratch array of lanes: at least the lane of a vector, so that what is
/// narrower is stored and loaded as vectors, too.
pub(crate) fn lane_bytes(dtype: DType) -> usize {
    dtype.size().max(4)
}

/// The tables of one unit.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// What stands in the inputs.
    pub(crate) names: Names,
    /// First word of each reduction's results, with its scheme.
    pub(crate) reduces: Vec<(usize, Scheme)>,
    /// Host variables that a serial section assigns, each with its word.
    pub(crate) assigned: Vec<(VarId, usize)>,
    /// First word of each scratch array.
    scratch: Vec<usize>,
    /// First word of each scratch array of a chunk of lanes, if there are chunks.
    lane_scratch: Vec<usize>,
    /// Words of the lane table.
    pub(crate) words: usize,
}

impl Layout {
    /// Places names, results and scratch arrays of a unit.
    pub(crate) fn new(code: &Code, lanes: u32) -> Result<Layout, CompileError> {
        let mut words = FAILURE_WORDS;
        let mut take = |count: usize| {
            let first = words;
            words += count;
            first
        };
        let reduces = (0..code.reduces.len())
            .map(|index| {
                let scheme = Scheme::of(code, ReduceId(index as u32));
                let count = match scheme {
                    Scheme::Accumulate => 1,
                    Scheme::Blocks => partial_words(code.reduces[index].dtype),
                    // Folded blocks stand behind the partial results, one a word.
                    Scheme::Inner => partial_words(code.reduces[index].dtype) + u64::BITS as usize,
                    Scheme::Best => 2 + code.reduces[index].payload.len(),
                };
                (take(count), scheme)
            })
            .collect();
        let assigned = names::assigned(code).into_iter().map(|var| (var, take(1))).collect();
        let scratch = code
            .scratch
            .iter()
            .map(|scratch| take((scratch.len as usize * scratch.dtype.size()).div_ceil(WORD)))
            .collect();
        let lane_scratch = code
            .scratch
            .iter()
            .map(|scratch| {
                let bytes = scratch.len as usize * lane_bytes(scratch.dtype) * lanes as usize;
                take(bytes.div_ceil(WORD))
            })
            .collect();
        if i32::try_from(words * WORD).is_err() {
            return Err(CompileError::ScratchTooLarge { bytes: (words * WORD) as u64 });
        }
        let names = Names::of(code);
        Ok(Layout { names, reduces, assigned, scratch, lane_scratch, words })
    }

    /// Whether the unit must be called block by block.
    pub(crate) fn in_blocks(&self) -> bool {
        self.reduces.iter().any(|(_, scheme)| *scheme == Scheme::Blocks)
    }

    /// First word of a scratch array's copies for all lanes.
    pub(crate) fn lane_scratch(&self, scratch: ScratchId) -> usize {
        self.lane_scratch[scratch.0 as usize]
    }

    /// First word of a scratch array.
    pub(crate) fn scratch(&self, scratch: ScratchId) -> usize {
        self.scratch[scratch.0 as usize]
    }
}

/// Offset in bytes of a word. Tables are small enough: [`Layout::new`] tests it, and inputs are
/// three words per name of a source file.
pub(crate) fn offset(word: usize) -> i32 {
    i32::try_from(word * WORD).expect("tables of words are far below 2 GiB")
}
