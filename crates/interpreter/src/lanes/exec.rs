//! The loop over block instructions.
//!
//! One loop, one `match`, as in the scalar machine; an arm runs over the lanes of its rows. It is
//! compiled for the widest instruction sets that a processor may have and for the least one (see
//! [`run`]): arms are plain loops over groups of lanes, which the compiler turns into the vectors
//! of that set.

use fearless_simd::Level;

use super::block::{Block, Stop};
use super::frame::{Lane, groups, groups_mut};
use super::inst::{BlockInst, BlockOp};
use super::math::{ONE_F32, ONE_F64, TWO_F32, TWO_F64};
use super::table::block_table;
use crate::opcode::field;
use crate::word;

/// Runs a block's code from its start to its end, with the best instructions the machine has.
pub(super) fn run(
    level: Level,
    block: &mut Block<'_, '_, '_>,
    code: &[BlockInst],
) -> Result<(), Stop> {
    #[cfg(target_arch = "x86_64")]
    {
        use fearless_simd::Simd;
        if let Some(simd) = level.as_avx512() {
            return simd.vectorize(
                #[inline(always)]
                || steps(block, code),
            );
        }
        if let Some(simd) = level.as_avx2() {
            return simd.vectorize(
                #[inline(always)]
                || steps(block, code),
            );
        }
    }
    let _ = level;
    steps(block, code)
}

macro_rules! define_steps {
    (
        pure { $($p:ident ($($pa:ident: $pt:ty),*) -> $pr:ty = $pe:expr;)* }
        trapping { $($q:ident ($($qa:ident: $qt:ty),*) -> $qr:ty | $qb:expr => $qe:expr;)* }
        update { $($u:ident ($($ua:ident: $ut:ty),*) |$uo:ident: $uot:ty| $ue:expr;)* }
        special { $($s:ident [$($sr:literal),*] $sw:ident;)* }
    ) => {
        #[inline(always)]
        fn steps(block: &mut Block<'_, '_, '_>, code: &[BlockInst]) -> Result<(), Stop> {
            let mut pc = 0;
            loop {
                let inst = &code[pc];
                pc += 1;
                match inst.op {
                    $(BlockOp::$p => {
                        let n = block.groups;
                        let (others, result) = block.frame.split(inst.r);
                        let result = groups_mut::<<$pr as Lane>::Word>(result, n);
                        $(let $pa = inst.args[const { field(stringify!($pa)) }];
                        let $pa = groups::<<$pt as Lane>::Word>(others.row($pa), n);)*
                        for (group, result) in result.iter_mut().enumerate() {
                            $(let $pa = &$pa[group];)*
                            for (lane, result) in result.iter_mut().enumerate() {
                                $(let $pa = <$pt as Lane>::get($pa[lane]);)*
                                let value: $pr = $pe;
                                *result = value.put();
                            }
                        }
                    })*
                    $(BlockOp::$q => {
                        let n = block.groups;
                        let (others, result) = block.frame.split(inst.r);
                        let result = groups_mut::<<$qr as Lane>::Word>(result, n);
                        let mask = groups::<u32>(others.row(inst.m), n);
                        $(let $qa = inst.args[const { field(stringify!($qa)) }];
                        let $qa = groups::<<$qt as Lane>::Word>(others.row($qa), n);)*
                        let mut bad = 0;
                        for (group, result) in result.iter_mut().enumerate() {
                            $(let $qa = &$qa[group];)*
                            let mask = &mask[group];
                            for (lane, result) in result.iter_mut().enumerate() {
                                $(let $qa = <$qt as Lane>::get($qa[lane]);)*
                                bad |= ($qb).put() & mask[lane];
                                let value: $qr = $qe;
                                *result = value.put();
                            }
                        }
                        if bad != 0 {
                            return Err(Stop::Abandoned);
                        }
                    })*
                    $(BlockOp::$u => {
                        let n = block.groups;
                        let (others, result) = block.frame.split(inst.r);
                        let result = groups_mut::<<$uot as Lane>::Word>(result, n);
                        $(let $ua = inst.args[const { field(stringify!($ua)) }];
                        let $ua = groups::<<$ut as Lane>::Word>(others.row($ua), n);)*
                        for (group, result) in result.iter_mut().enumerate() {
                            $(let $ua = &$ua[group];)*
                            for (lane, result) in result.iter_mut().enumerate() {
                                $(let $ua = <$ut as Lane>::get($ua[lane]);)*
                                let $uo = <$uot as Lane>::get(*result);
                                let value: $uot = $ue;
                                *result = value.put();
                            }
                        }
                    })*
                    BlockOp::DivFloorI64 => block.pairs(inst, word::div_floor_i64)?,
                    BlockOp::DivFloorU64 => block.pairs(inst, u64::checked_div)?,
                    BlockOp::RemFloorI64 => block.pairs(inst, word::rem_floor_i64)?,
                    BlockOp::RemFloorU64 => block.pairs(inst, u64::checked_rem)?,
                    BlockOp::Math1F32 => block.math1::<f32>(inst, ONE_F32),
                    BlockOp::Math1F64 => block.math1::<f64>(inst, ONE_F64),
                    BlockOp::Math2F32 => block.math2::<f32>(inst, TWO_F32)?,
                    BlockOp::Math2F64 => block.math2::<f64>(inst, TWO_F64)?,
                    BlockOp::Blend32 => block.blend32(inst),
                    BlockOp::Blend64 => block.blend64(inst),
                    BlockOp::OrInto => block.update_row(inst, #[inline(always)] |old, new| old | new),
                    BlockOp::AndInto => block.update_row(inst, #[inline(always)] |old, new| old & new),
                    BlockOp::Zero32 => block.frame.row_mut::<u32>(inst.r).fill(0),
                    BlockOp::Splat32 => block.splat(inst, block.scalar(inst.args[0]) as u32),
                    BlockOp::Splat64 => block.splat(inst, block.scalar(inst.args[0])),
                    BlockOp::SplatBool => {
                        block.splat(inst, (block.scalar(inst.args[0]) as u32).wrapping_neg());
                    }
                    BlockOp::Affine32 => block.affine32(inst),
                    BlockOp::Affine64 => block.affine64(inst),
                    BlockOp::Scalar => block.scalars(inst.t)?,
                    BlockOp::Jump => pc = inst.t as usize,
                    BlockOp::JumpNone => {
                        if !block.any(inst.m) {
                            pc = inst.t as usize;
                        }
                    }
                    BlockOp::BrF => {
                        if block.scalar(inst.args[0]) == 0 {
                            pc = inst.t as usize;
                        }
                    }
                    BlockOp::BrT => {
                        if block.scalar(inst.args[0]) != 0 {
                            block.watch()?;
                            pc = inst.t as usize;
                        }
                    }
                    BlockOp::Compact => {
                        if let Some(groups) = block.fewer_groups(inst.m) {
                            block.compact(inst, groups);
                        }
                    }
                    BlockOp::Restore => block.restore(inst.t),
                    BlockOp::LoadRun32 => block.load_run32(inst)?,
                    BlockOp::LoadRun64 => block.load_run64(inst)?,
                    BlockOp::LoadRunU8 => block.load_run_u8(inst)?,
                    BlockOp::LoadRunBool => block.load_run_bool(inst)?,
                    BlockOp::StoreRun32 => block.store_run32(inst)?,
                    BlockOp::StoreRun64 => block.store_run64(inst)?,
                    BlockOp::StoreRunU8 => block.store_run_u8(inst)?,
                    BlockOp::StoreRunBool => block.store_run_bool(inst)?,
                    BlockOp::Gather32 => block.gather32(inst)?,
                    BlockOp::Gather64 => block.gather64(inst)?,
                    BlockOp::GatherU8 => block.gather_u8(inst)?,
                    BlockOp::GatherBool => block.gather_bool(inst)?,
                    BlockOp::Scatter32 => block.scatter32(inst)?,
                    BlockOp::Scatter64 => block.scatter64(inst)?,
                    BlockOp::ScatterU8 => block.scatter_u8(inst)?,
                    BlockOp::ScatterBool => block.scatter_bool(inst)?,
                    BlockOp::Atomic => block.atomic(inst)?,
                    BlockOp::ScratchZero => block.scratch_zero(inst),
                    BlockOp::ScratchLoad32 => block.scratch_load::<u32>(inst)?,
                    BlockOp::ScratchLoad64 => block.scratch_load::<u64>(inst)?,
                    BlockOp::ScratchStore32 => block.scratch_store32(inst)?,
                    BlockOp::ScratchStore64 => block.scratch_store64(inst)?,
                    BlockOp::ScratchGather32 => block.scratch_gather::<u32>(inst)?,
                    BlockOp::ScratchGather64 => block.scratch_gather::<u64>(inst)?,
                    BlockOp::ScratchScatter32 => block.scratch_scatter::<u32>(inst)?,
                    BlockOp::ScratchScatter64 => block.scratch_scatter::<u64>(inst)?,
                    BlockOp::ReduceFold => block.reduce_fold(inst),
                    BlockOp::ReduceScalar => block.reduce_scalar(inst),
                    BlockOp::TrapIf => {
                        if block.any_of(inst.args[0], inst.m) {
                            return Err(Stop::Abandoned);
                        }
                    }
                    BlockOp::End => return Ok(()),
                }
            }
        }
    };
}
block_table!(define_steps);
