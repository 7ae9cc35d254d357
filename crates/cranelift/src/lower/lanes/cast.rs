//! Casts of vectors.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32X4, F64X2, I32X4};
use cranelift_codegen::ir::{InstBuilder, Value};
use crossover_ir::{Inst, Op, ValueId};
use crossover_values::{DType, Scalar};

use super::Lanes;
use super::mask::LOW_WORDS;

impl Lanes<'_, '_, '_> {
    pub(super) fn vector_cast(&mut self, op: Op, arg: ValueId, inst: &Inst) -> Vec<Value> {
        let (from, to) = (self.dtype(arg), inst.dtype);
        match op {
            Op::Bitcast => {
                let ty = self.lane_type(to);
                let parts = self.vectors(arg);
                parts.into_iter().map(|part| self.as_type(ty, part)).collect()
            }
            Op::CastWrap => self.wrap_vectors(from, to, arg),
            Op::CastNearest => self.nearest_vectors(from, arg, inst),
            Op::CastTrap if from == DType::F32 && to == DType::I32 => {
                let parts = self.vectors(arg);
                self.bail_unless_inside(&parts);
                self.truncate(&parts)
            }
            Op::CastSat if from == DType::F32 && to == DType::I32 => {
                let parts = self.vectors(arg);
                self.truncate(&parts)
            }
            _ => self.lane_by_lane_safe(op, arg, inst),
        }
    }

    fn truncate(&mut self, parts: &[Value]) -> Vec<Value> {
        parts.iter().map(|part| self.lower.builder.ins().fcvt_to_sint_sat(I32X4, *part)).collect()
    }

    /// Gives the chunk up if an active lane is no `i32` when truncated.
    fn bail_unless_inside(&mut self, parts: &[Value]) {
        let low = self.splat_constant(Scalar::F32(-2_147_483_648.0));
        let end = self.splat_constant(Scalar::F32(2_147_483_648.0));
        let inside: Vec<Value> = parts
            .iter()
            .map(|part| {
                let above = self.lower.builder.ins().fcmp(FloatCC::GreaterThanOrEqual, *part, low);
                let below = self.lower.builder.ins().fcmp(FloatCC::LessThan, *part, end);
                self.lower.builder.ins().band(above, below)
            })
            .collect();
        let inside = self.as_mask(inside, 4);
        let outside = self.inactive(&inside);
        let any = self.any(&outside);
        self.bail_if(any);
    }

    /// A cast lane by lane; lanes that are not active get a zero, which no cast traps on.
    fn lane_by_lane_safe(&mut self, op: Op, arg: ValueId, inst: &Inst) -> Vec<Value> {
        let aside = self.held(arg);
        if let super::Mask::Some(mask) = self.mask.clone() {
            let parts = self.vectors(arg);
            let zero = self.splat_constant(Scalar::from_bits(self.dtype(arg), 0));
            let zeros = vec![zero; parts.len()];
            let safe = self.blend(&mask, &parts, &zeros);
            self.held[arg.0 as usize] = Some(super::Held::Many(safe));
        }
        let parts = self.lane_by_lane(op, &[arg], inst);
        self.keep(arg, aside);
        parts
    }

    fn wrap_vectors(&mut self, from: DType, to: DType, arg: ValueId) -> Vec<Value> {
        let parts = self.vectors(arg);
        if from == DType::Bool {
            let mask = self.mask_for(&parts, to.size());
            let one = self.splat_constant(Scalar::from_bits(to, 1));
            return mask.into_iter().map(|it| self.lower.builder.ins().band(it, one)).collect();
        }
        match (from.size(), to.size()) {
            (4, 8) if from.is_signed_int() => self.widen_signed(&parts),
            (4, 8) => self.widen_unsigned(&parts),
            (8, 4) => parts
                .chunks(2)
                .map(|pair| self.shuffle(pair[0], pair[1], LOW_WORDS, I32X4))
                .collect(),
            _ => parts,
        }
    }

    fn widen_unsigned(&mut self, parts: &[Value]) -> Vec<Value> {
        let mut out = Vec::with_capacity(parts.len() * 2);
        for part in parts {
            out.push(self.lower.builder.ins().uwiden_low(*part));
            out.push(self.lower.builder.ins().uwiden_high(*part));
        }
        out
    }

    fn nearest_vectors(&mut self, from: DType, arg: ValueId, inst: &Inst) -> Vec<Value> {
        let to = inst.dtype;
        let parts = match (from, to) {
            (DType::I32 | DType::U32 | DType::F32 | DType::F64, _) | (DType::U64, DType::F64) => {
                self.vectors(arg)
            }
            _ => return self.lane_by_lane(Op::CastNearest, &[arg], inst),
        };
        let signed = from.is_signed_int();
        match (from, to) {
            (DType::I32 | DType::U32, DType::F32) => {
                parts.into_iter().map(|part| self.int_to_float(signed, F32X4, part)).collect()
            }
            (DType::I32 | DType::U32, _) => {
                let wide =
                    if signed { self.widen_signed(&parts) } else { self.widen_unsigned(&parts) };
                wide.into_iter().map(|part| self.int_to_float(signed, F64X2, part)).collect()
            }
            (DType::U64, _) => {
                parts.into_iter().map(|part| self.int_to_float(false, F64X2, part)).collect()
            }
            (DType::F32, DType::F64) => self.promote(&parts),
            (DType::F64, DType::F32) => parts
                .chunks(2)
                .map(|pair| {
                    let low = self.lower.builder.ins().fvdemote(pair[0]);
                    let high = self.lower.builder.ins().fvdemote(pair[1]);
                    let picks = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
                    self.shuffle(low, high, picks, F32X4)
                })
                .collect(),
            _ => parts,
        }
    }

    fn int_to_float(
        &mut self,
        signed: bool,
        ty: cranelift_codegen::ir::Type,
        part: Value,
    ) -> Value {
        if signed {
            self.lower.builder.ins().fcvt_from_sint(ty, part)
        } else {
            self.lower.builder.ins().fcvt_from_uint(ty, part)
        }
    }

    fn promote(&mut self, parts: &[Value]) -> Vec<Value> {
        let mut out = Vec::with_capacity(parts.len() * 2);
        for part in parts {
            out.push(self.lower.builder.ins().fvpromote_low(*part));
            let picks = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
            let high = self.shuffle(*part, *part, picks, F32X4);
            out.push(self.lower.builder.ins().fvpromote_low(high));
        }
        out
    }
}
