//! What a block takes for granted, and for how many lanes it holds.
//!
//! Each test looks at integers that step evenly from lane to lane, and says of how many lanes,
//! from the first on, its claim is true. The block takes no more lanes than that.

use crossover_ir::Op;
use crossover_values::DType;

use crate::memory::Registers;

/// An integer of the first lane, and what each lane adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Where the first lane's value is.
    pub(super) register: u16,
    /// Its type.
    pub(super) dtype: DType,
    /// The difference from lane to lane.
    pub(super) step: i64,
}

/// A claim about lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// The term does not leave its type.
    NoWrap(Term),
    /// The term is an index of an axis with as many elements as the register says.
    Inside(Term, u16),
    /// The term crosses no multiple of the divisor.
    Period(Term, Term),
    /// The comparison has one outcome: that of the first lane, or the one that is asked for.
    Truth {
        /// `Eq Ne Lt Le Gt Ge`.
        op: Op,
        /// Left.
        a: Term,
        /// Right.
        b: Term,
        /// The outcome.
        required: Option<bool>,
    },
    /// The uniform `bool` is this.
    Is(u16, bool),
}

impl Term {
    fn first(self, registers: &Registers) -> i128 {
        let bits = registers[usize::from(self.register)];
        match self.dtype {
            DType::I32 => i128::from(bits as u32 as i32),
            DType::I64 => i128::from(bits as i64),
            _ => i128::from(bits),
        }
    }

    /// Lanes until the term leaves its type.
    fn until_wrap(self, first: i128) -> u64 {
        let (low, high) = match self.dtype {
            DType::I32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
            DType::U32 => (0, i128::from(u32::MAX)),
            DType::I64 => (i128::from(i64::MIN), i128::from(i64::MAX)),
            _ => (0, i128::from(u64::MAX)),
        };
        until_outside(first, i128::from(self.step), low, high)
    }
}

impl Test {
    /// Of how many lanes the claim is true.
    pub(super) fn lanes(self, registers: &Registers) -> u64 {
        match self {
            Test::NoWrap(term) => term.until_wrap(term.first(registers)),
            Test::Inside(term, extent) => {
                let last = i128::from(registers[usize::from(extent)]) - 1;
                until_outside(term.first(registers), i128::from(term.step), 0, last)
            }
            Test::Period(a, b) => {
                let (first, by) = (a.first(registers), b.first(registers));
                let step = i128::from(a.step);
                if by <= 0 || step <= 0 {
                    return 0;
                }
                let rest = by - first.rem_euclid(by);
                count((rest + step - 1) / step).min(a.until_wrap(first))
            }
            Test::Truth { op, a, b, required } => {
                let (first, second) = (a.first(registers), b.first(registers));
                let step = i128::from(a.step) - i128::from(b.step);
                let (holds, lanes) = until_change(op, first - second, step);
                if required.is_some_and(|required| required != holds) {
                    return 0;
                }
                lanes.min(a.until_wrap(first)).min(b.until_wrap(second))
            }
            Test::Is(register, value) => {
                let is = registers[usize::from(register)] != 0;
                if is == value { u64::MAX } else { 0 }
            }
        }
    }
}

fn count(lanes: i128) -> u64 {
    u64::try_from(lanes.max(0)).unwrap_or(u64::MAX)
}

/// Lanes, from `first` on, within `low..=high`.
fn until_outside(first: i128, step: i128, low: i128, high: i128) -> u64 {
    if first < low || first > high {
        return 0;
    }
    match step.signum() {
        1 => count((high - first) / step + 1),
        -1 => count((first - low) / -step + 1),
        _ => u64::MAX,
    }
}

/// The outcome of a comparison of `a` with `b` for the difference `a - b`, and the number of lanes
/// until it is another as the difference steps.
fn until_change(op: Op, difference: i128, step: i128) -> (bool, u64) {
    let never = u64::MAX;
    // `d < 0`, with what is compared with the bound shifted by one where equality counts as less.
    let less = |difference: i128| {
        let holds = difference < 0;
        let lanes = match (holds, step.signum()) {
            (true, 1) => count((-difference + step - 1) / step),
            (false, -1) => count(difference / -step + 1),
            _ => never,
        };
        (holds, lanes)
    };
    let negated = |(holds, lanes): (bool, u64)| (!holds, lanes);
    match op {
        Op::Lt => less(difference),
        Op::Le => less(difference - 1),
        Op::Gt => negated(less(difference - 1)),
        Op::Ge => negated(less(difference)),
        _ => {
            let equal = difference == 0;
            let lanes = match (equal, step) {
                (_, 0) => never,
                (true, _) => 1,
                (false, step) if difference % step == 0 && -difference / step > 0 => {
                    count(-difference / step)
                }
                (false, _) => never,
            };
            (equal == (op == Op::Eq), lanes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::new_registers;

    /// Every outcome, lane by lane.
    fn by_hand(op: Op, a: i128, b: i128, step: i128) -> u64 {
        let holds = |lane: i128| {
            let a = a + lane * step;
            match op {
                Op::Lt => a < b,
                Op::Le => a <= b,
                Op::Gt => a > b,
                Op::Ge => a >= b,
                Op::Eq => a == b,
                _ => a != b,
            }
        };
        (1..100).find(|lane| holds(*lane) != holds(0)).map_or(u64::MAX, |lane| lane as u64)
    }

    #[test]
    fn comparisons_change_where_they_do() {
        for op in [Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Eq, Op::Ne] {
            for (a, b, step) in (-7..8)
                .flat_map(|a| (-3..4).flat_map(move |b| (-3..4).map(move |step| (a, b, step))))
            {
                let (_, lanes) = until_change(op, a - b, step);
                assert_eq!(lanes, by_hand(op, a, b, step), "{op:?} {a} {b} {step}");
            }
        }
    }

    #[test]
    fn periods_and_axes() {
        let mut registers = new_registers();
        let term = |register, step| Term { register, dtype: DType::I32, step };
        registers[1] = u64::from(7_u32);
        registers[2] = u64::from(10_u32);
        registers[3] = u64::from(-1_i32 as u32);
        assert_eq!(Test::Period(term(1, 1), term(2, 0)).lanes(&registers), 3);
        assert_eq!(Test::Period(term(1, 2), term(2, 0)).lanes(&registers), 2);
        assert_eq!(Test::Period(term(3, 1), term(2, 0)).lanes(&registers), 1);
        assert_eq!(Test::Period(term(1, 1), term(3, 0)).lanes(&registers), 0);
        assert_eq!(Test::Inside(term(1, 1), 2).lanes(&registers), 3);
        assert_eq!(Test::Inside(term(1, -3), 2).lanes(&registers), 3);
        assert_eq!(Test::Inside(term(3, 1), 2).lanes(&registers), 0);
        assert_eq!(Test::NoWrap(term(1, 1)).lanes(&registers), (1 << 31) - 7);
    }
}
