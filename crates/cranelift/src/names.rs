//! Which arrays and host variables a unit names, and where they stand in its inputs.
//!
//! They stand in the order in which the code names them first, whatever they are called. Units that
//! differ in nothing but names, as those of a helper that is called twice, so get the same code, and
//! it is compiled once.

use crossover_ir::{ArrayId, Code, InstKind, ReduceId, Stmt, VarId};

use crate::layout::{FIXED_WORDS, Scheme};

/// Words of an array: address of the first element and two extents.
const ARRAY_WORDS: usize = 3;

/// The names of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    vars: Vec<VarId>,
    arrays: Vec<ArrayId>,
}

impl Names {
    /// The names in a unit's code.
    pub(crate) fn of(code: &Code) -> Names {
        let mut names = Names::default();
        for inst in &code.insts {
            match &inst.kind {
                InstKind::HostGet(var) => note(&mut names.vars, *var),
                InstKind::Extent { array, .. } | InstKind::Load { array, .. } => {
                    note(&mut names.arrays, *array);
                }
                InstKind::Atomic(atomic) => note(&mut names.arrays, atomic.array),
                InstKind::Const(_)
                | InstKind::Get(_)
                | InstKind::Op { .. }
                | InstKind::ScratchLoad { .. } => {}
            }
        }
        let mut visit = |stmt: &Stmt| {
            if let Stmt::Store { array, .. } = stmt {
                note(&mut names.arrays, *array);
            }
        };
        code.body.iter().for_each(|stmt| stmt.walk(&mut visit));
        assigned(code).into_iter().for_each(|var| note(&mut names.vars, var));
        for (index, reduce) in code.reduces.iter().enumerate() {
            // A call starts from the value before the loop.
            if Scheme::of(code, ReduceId(index as u32)) == Scheme::Best {
                note(&mut names.vars, reduce.target);
                reduce.payload.iter().for_each(|var| note(&mut names.vars, *var));
            }
        }
        names
    }

    /// Host variables, each with its input word.
    pub(crate) fn vars(&self) -> impl Iterator<Item = (VarId, usize)> {
        self.vars.iter().enumerate().map(|(position, var)| (*var, FIXED_WORDS + position))
    }

    /// Arrays, each with the input word of its base address; its extents follow.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = (ArrayId, usize)> {
        let first = FIXED_WORDS + self.vars.len();
        let arrays = self.arrays.iter().enumerate();
        arrays.map(move |(position, array)| (*array, first + position * ARRAY_WORDS))
    }

    /// Words of the unit's inputs.
    pub(crate) fn input_words(&self) -> usize {
        FIXED_WORDS + self.vars.len() + self.arrays.len() * ARRAY_WORDS
    }
}

/// Host variables that a serial section assigns.
pub(crate) fn assigned(code: &Code) -> Vec<VarId> {
    let mut found = Vec::new();
    let mut visit = |stmt: &Stmt| {
        if let Stmt::HostSet { var, .. } = stmt {
            note(&mut found, *var);
        }
    };
    code.body.iter().for_each(|stmt| stmt.walk(&mut visit));
    found
}

/// Adds a name that is not there yet.
fn note<T: PartialEq>(names: &mut Vec<T>, name: T) {
    if !names.contains(&name) {
        names.push(name);
    }
}

#[cfg(test)]
mod tests {
    use crossover_ir::{Inst, InstKind, Span, ValueId};
    use crossover_values::DType;

    use super::*;

    /// Code that loads from arrays at zero, adds host variables, and stores to an array.
    fn code(loads: &[u32], vars: &[u32], store: u32) -> Code {
        let zero = ValueId(0);
        let loads = loads
            .iter()
            .map(|array| InstKind::Load { array: ArrayId(*array), indices: vec![zero] });
        let vars = vars.iter().map(|var| InstKind::HostGet(VarId(*var)));
        let inst = |kind| Inst { kind, dtype: DType::I32, span: Span::default() };
        let (array, span) = (ArrayId(store), Span::default());
        Code {
            insts: loads.chain(vars).map(inst).collect(),
            body: vec![Stmt::Store { array, indices: vec![zero], value: zero, span }],
            ..Code::default()
        }
    }

    #[test]
    fn names_stand_in_the_order_of_their_first_use() {
        let names = Names::of(&code(&[7, 2, 7], &[5, 1, 5], 4));
        let vars: Vec<_> = names.vars().collect();
        assert_eq!(vars, [(VarId(5), FIXED_WORDS), (VarId(1), FIXED_WORDS + 1)]);
        let first = FIXED_WORDS + 2;
        let arrays: Vec<_> = names.arrays().collect();
        let want = [(7, first), (2, first + 3), (4, first + 6)];
        assert_eq!(arrays, want.map(|(array, word)| (ArrayId(array), word)));
        assert_eq!(names.input_words(), first + 9);
    }

    #[test]
    fn a_name_that_is_stored_to_and_loaded_from_stands_there_once() {
        let names = Names::of(&code(&[3], &[], 3));
        assert_eq!(names.arrays().collect::<Vec<_>>(), [(ArrayId(3), FIXED_WORDS)]);
    }
}
