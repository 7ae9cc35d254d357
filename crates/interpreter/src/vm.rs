//! The dispatch loop.
//!
//! One loop, one `match`, generated from the opcode table. What is asked for beside the result
//! (counts, the independence check) is a const parameter, so that the plain loop holds no trace of
//! it; budgets, cancellation and loop counts live in `tick` instructions that only the watched
//! code has.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::memory::{Memory, Registers, Width};
use crate::opcode::{Inst, Opcode, opcode_table};
use crate::probe::{Access, Probe};
use crate::word::{self, Word, far};

/// Nothing is observed.
pub(crate) const PLAIN: u8 = 0;
/// Instructions are counted.
pub(crate) const COUNTED: u8 = 1;
/// Instructions are counted and each access to an array is tracked.
pub(crate) const TRACKED: u8 = 2;

/// The register that holds the flattened index of the iteration.
pub(crate) const FLAT: u16 = 0;

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The code is at its end.
    Done,
    /// The instruction at this position trapped; registers are as before it.
    Trap(usize),
    /// The probe found two iterations that depend on each other at this instruction.
    Dependence(usize),
    /// The step budget is used up.
    Budget,
    /// The caller asked to stop.
    Cancelled,
}

/// What `tick` instructions keep.
pub(crate) struct Watch<'a> {
    /// Steps left.
    pub(crate) steps: u64,
    /// Stops the run when set.
    pub(crate) cancel: Option<&'a AtomicBool>,
    /// Loop back edges of the current iteration.
    pub(crate) back_edges: u64,
    /// Largest number of loop back edges of one iteration of the launch so far.
    pub(crate) max_back_edges: u64,
}

impl Watch<'_> {
    /// Takes steps from the budget and looks whether to stop.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Exit> {
        self.steps = self.steps.checked_sub(steps).ok_or(Exit::Budget)?;
        match self.cancel {
            Some(cancel) if cancel.load(Ordering::Relaxed) => Err(Exit::Cancelled),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn tick(&mut self) -> Result<(), Exit> {
        self.back_edges += 1;
        self.spend(1)
    }

    fn iteration_end(&mut self) {
        self.max_back_edges = self.max_back_edges.max(self.back_edges);
        self.back_edges = 0;
    }
}

macro_rules! define_execute {
    (
        pure { $($p:ident $pn:literal ($($pa:ident: $pt:ty),*) -> $pr:ty = $pe:expr;)* }
        trapping { $($q:ident $qn:literal ($($qa:ident: $qt:ty),*) -> $qr:ty = $qe:expr;)* }
        branch { $($b:ident $bn:literal ($($ba:ident: $bt:ty),*) = $be:expr;)* }
        count_branch { $($k:ident $kn:literal $kt:ident ($ka:ident: $kat:ty, $kb:ident: $kbt:ty) |$ks:ident| $ke:expr;)* }
        reduce { $($d:ident $dn:literal $dt:ty |$ds:ident, $dv:ident| $de:expr;)* }
        load { $($l:ident $ln:literal $lm:ident;)* }
        load2 { $($m:ident $mn:literal $mm:ident;)* }
        store { $($s:ident $sn:literal $sm:ident $st:ty;)* }
        store2 { $($u:ident $un:literal $um:ident $ut:ty;)* }
        atomic { $($a:ident $an:literal $at:ty |$ao:ident, $ab:ident| $ae:expr;)* }
        special { $($x:tt)* }
    ) => {
        /// Runs code from its start until it ends or fails.
        #[allow(
            clippy::neg_cmp_op_on_partial_ord,
            reason = "a negated comparison is true for NaN; that is the opcode's meaning"
        )]
        pub(crate) fn execute<const MODE: u8>(
            code: &[Inst],
            regs: &mut Registers,
            memory: &mut Memory<'_>,
            watch: &mut Watch<'_>,
            probe: &mut Probe,
        ) -> Exit {
            let mut pc = 0usize;
            macro_rules! reg { ($field:expr) => { regs[usize::from($field)] }; }
            macro_rules! trap { () => { return Exit::Trap(pc - 1) }; }
            macro_rules! track { ($inst:ident, $width:ident, $flat:expr, $access:ident) => {
                if MODE == TRACKED
                    && !probe.touch(reg!(FLAT), const { Width::named(stringify!($width)) }, $inst.t, $flat, Access::$access)
                {
                    return Exit::Dependence(pc - 1);
                }
            }; }
            loop {
                let inst = &code[pc];
                if MODE != PLAIN {
                    probe.counts[pc] += 1;
                }
                pc += 1;
                match inst.op {
                    $(Opcode::$p => {
                        $(let $pa = <$pt>::get(reg!(inst.$pa));)*
                        let value: $pr = $pe;
                        reg!(inst.r) = value.put();
                    })*
                    $(Opcode::$q => {
                        $(let $qa = <$qt>::get(reg!(inst.$qa));)*
                        let value: Option<$qr> = $qe;
                        let Some(value) = value else { trap!() };
                        reg!(inst.r) = value.put();
                    })*
                    $(Opcode::$b => {
                        $(let $ba = <$bt>::get(reg!(inst.$ba));)*
                        if $be {
                            pc = usize::from(inst.t);
                        }
                    })*
                    $(Opcode::$k => {
                        let $ka = <$kat>::get(reg!(inst.$ka));
                        let $ks = <$kt>::get(reg!(inst.r)).wrapping_add($ka);
                        reg!(inst.r) = $ks.put();
                        let $kb = <$kbt>::get(reg!(inst.$kb));
                        if $ke {
                            pc = usize::from(inst.t);
                        }
                    })*
                    $(Opcode::$d => {
                        let partial = inst.t.wrapping_add((reg!(FLAT) & 15) as u16);
                        let $ds = <$dt>::get(reg!(partial));
                        let $dv = <$dt>::get(reg!(inst.a));
                        let value: $dt = $de;
                        reg!(partial) = value.put();
                    })*
                    $(Opcode::$l => {
                        let index = reg!(inst.a);
                        let slice = &memory.$lm[usize::from(inst.t)];
                        let Some(&value) = slice.get(index as usize) else { trap!() };
                        track!(inst, $lm, index, Read);
                        reg!(inst.r) = u64::from(value);
                    })*
                    $(Opcode::$m => {
                        let (row, column) = (reg!(inst.a), reg!(inst.b));
                        let (rows, columns) = (reg!(inst.c), reg!(inst.d));
                        if row >= rows || column >= columns {
                            trap!();
                        }
                        let flat = row.wrapping_mul(columns).wrapping_add(column);
                        let slice = &memory.$mm[usize::from(inst.t)];
                        let Some(&value) = slice.get(flat as usize) else { trap!() };
                        track!(inst, $mm, flat, Read);
                        reg!(inst.r) = u64::from(value);
                    })*
                    $(Opcode::$s => {
                        let index = reg!(inst.a);
                        let slice = &mut memory.$sm[usize::from(inst.t)];
                        let Some(place) = slice.get_mut(index as usize) else { trap!() };
                        track!(inst, $sm, index, Write);
                        *place = <$st as Element>::of(reg!(inst.e));
                    })*
                    $(Opcode::$u => {
                        let (row, column) = (reg!(inst.a), reg!(inst.b));
                        let (rows, columns) = (reg!(inst.c), reg!(inst.d));
                        if row >= rows || column >= columns {
                            trap!();
                        }
                        let flat = row.wrapping_mul(columns).wrapping_add(column);
                        let slice = &mut memory.$um[usize::from(inst.t)];
                        let Some(place) = slice.get_mut(flat as usize) else { trap!() };
                        track!(inst, $um, flat, Write);
                        *place = <$ut as Element>::of(reg!(inst.e));
                    })*
                    $(Opcode::$a => {
                        let slice = &mut memory.words32[usize::from(inst.t)];
                        let Some(place) = slice.get_mut(reg!(inst.a) as usize) else { trap!() };
                        let $ao = <$at>::get(u64::from(*place));
                        let $ab = <$at>::get(reg!(inst.b));
                        let value: $at = $ae;
                        reg!(inst.r) = $ao.put();
                        *place = value.put() as u32;
                    })*
                    Opcode::AtomicCompareExchange => {
                        let slice = &mut memory.words32[usize::from(inst.t)];
                        let Some(place) = slice.get_mut(reg!(inst.a) as usize) else { trap!() };
                        let old = *place;
                        if u64::from(old) == reg!(inst.b) {
                            *place = reg!(inst.c) as u32;
                        }
                        reg!(inst.r) = u64::from(old);
                    }
                    Opcode::ScratchLoad => {
                        let index = reg!(inst.a);
                        if index >= u64::from(inst.b) {
                            trap!();
                        }
                        reg!(inst.r) = reg!(inst.t.wrapping_add(index as u16));
                    }
                    Opcode::ScratchStore => {
                        let index = reg!(inst.a);
                        if index >= u64::from(inst.b) {
                            trap!();
                        }
                        reg!(inst.t.wrapping_add(index as u16)) = reg!(inst.e);
                    }
                    Opcode::ScratchStoreU8 => {
                        let index = reg!(inst.a);
                        if index >= u64::from(inst.b) {
                            trap!();
                        }
                        reg!(inst.t.wrapping_add(index as u16)) = reg!(inst.e) & 0xff;
                    }
                    Opcode::ScratchZero => zero(regs, inst),
                    Opcode::RegionNext32 => {
                        let flat = reg!(FLAT).wrapping_add(1);
                        reg!(FLAT) = flat;
                        let next = (reg!(inst.r) as u32).wrapping_add(reg!(inst.a) as u32);
                        reg!(inst.r) = u64::from(next);
                        if flat != reg!(inst.b) {
                            pc = usize::from(inst.t);
                        }
                    }
                    Opcode::RegionNext64 => {
                        let flat = reg!(FLAT).wrapping_add(1);
                        reg!(FLAT) = flat;
                        reg!(inst.r) = reg!(inst.r).wrapping_add(reg!(inst.a));
                        if flat != reg!(inst.b) {
                            pc = usize::from(inst.t);
                        }
                    }
                    Opcode::Jump => pc = usize::from(inst.t),
                    Opcode::TrapIf => {
                        if reg!(inst.a) != 0 {
                            trap!();
                        }
                    }
                    Opcode::Tick => {
                        if let Err(exit) = watch.tick() {
                            return exit;
                        }
                    }
                    Opcode::IterationEnd => watch.iteration_end(),
                    Opcode::End => return Exit::Done,
                }
            }
        }
    };
}
opcode_table!(define_execute);

/// An element as it is stored.
trait Element {
    /// Takes the low bits of a register.
    fn of(bits: u64) -> Self;
}

impl Element for u64 {
    #[inline(always)]
    fn of(bits: u64) -> u64 {
        bits
    }
}

impl Element for u32 {
    #[inline(always)]
    fn of(bits: u64) -> u32 {
        bits as u32
    }
}

impl Element for u8 {
    #[inline(always)]
    fn of(bits: u64) -> u8 {
        bits as u8
    }
}

impl Element for bool {
    #[inline(always)]
    fn of(bits: u64) -> bool {
        bits != 0
    }
}

#[inline(never)]
fn zero(regs: &mut Registers, inst: &Inst) {
    let start = usize::from(inst.t);
    regs[start..start + usize::from(inst.b)].fill(0);
}
