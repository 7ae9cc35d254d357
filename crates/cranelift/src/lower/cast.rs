//! Casts.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use crossover_ir::{Inst, Op};
use crossover_values::{DType, Scalar};

use super::{Lower, clif_type};
use crate::site::SiteKind;

impl Lower<'_, '_> {
    pub(super) fn cast(&mut self, op: Op, from: DType, inst: &Inst, a: Value) -> Value {
        match op {
            Op::CastWrap => self.wrap(from, inst.dtype, a),
            Op::CastNearest => self.nearest(from, inst.dtype, a),
            Op::CastSat => self.saturate(inst.dtype, a),
            Op::CastTrap => {
                self.check_range(from, inst, a);
                self.saturate(inst.dtype, a)
            }
            Op::Bitcast if from.is_float() == inst.dtype.is_float() => a,
            Op::Bitcast => {
                self.builder.ins().bitcast(clif_type(inst.dtype), MemFlagsData::new(), a)
            }
            other => unreachable!("`{}` is no cast", other.info().name),
        }
    }

    fn wrap(&mut self, from: DType, to: DType, a: Value) -> Value {
        let ty = clif_type(to);
        let build = self.builder.ins();
        match ty.bits().cmp(&clif_type(from).bits()) {
            std::cmp::Ordering::Less => build.ireduce(ty, a),
            std::cmp::Ordering::Equal => a,
            std::cmp::Ordering::Greater if from.is_signed_int() => build.sextend(ty, a),
            std::cmp::Ordering::Greater => build.uextend(ty, a),
        }
    }

    fn nearest(&mut self, from: DType, to: DType, a: Value) -> Value {
        let ty = clif_type(to);
        let build = self.builder.ins();
        match (clif_type(from), ty) {
            (F32, F64) => build.fpromote(F64, a),
            (F64, F32) => build.fdemote(F32, a),
            (from, to) if from == to => a,
            _ if from.is_signed_int() => build.fcvt_from_sint(ty, a),
            _ => build.fcvt_from_uint(ty, a),
        }
    }

    fn saturate(&mut self, to: DType, a: Value) -> Value {
        let ty = clif_type(to);
        if to.is_signed_int() {
            self.builder.ins().fcvt_to_sint_sat(ty, a)
        } else {
            self.builder.ins().fcvt_to_uint_sat(ty, a)
        }
    }

    /// A failure unless the truncated value is one of the target type; NaN is none.
    fn check_range(&mut self, from: DType, inst: &Inst, a: Value) {
        let to = inst.dtype;
        let (low, end) = match to {
            DType::I32 => (-2_147_483_648.0, 2_147_483_648.0),
            DType::U32 => (0.0, 4_294_967_296.0),
            DType::I64 => (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0),
            DType::U64 => (0.0, 18_446_744_073_709_551_616.0),
            DType::Bool | DType::U8 | DType::F32 | DType::F64 => {
                unreachable!("the validator proves that the target is an integer type")
            }
        };
        // Ends are powers of two, exact in either float type. Below the lower one truncation
        // still reaches the range, down to one less; where one less is not exact in the type,
        // there is no value between them.
        let one_less: f64 = low - 1.0;
        let exact = match from {
            DType::F32 => f64::from(one_less as f32) == low - 1.0 && to != DType::I64,
            _ => to != DType::I64,
        };
        let (code, low) = if exact {
            (FloatCC::GreaterThan, one_less)
        } else {
            (FloatCC::GreaterThanOrEqual, low)
        };
        let scalar = |value: f64| match from {
            DType::F32 => Scalar::F32(value as f32),
            _ => Scalar::F64(value),
        };
        let low = self.constant(scalar(low));
        let end = self.constant(scalar(end));
        let above = self.builder.ins().fcmp(code, a, low);
        let below = self.builder.ins().fcmp(FloatCC::LessThan, a, end);
        let inside = self.builder.ins().band(above, below);
        let outside = self.equals(inside, 0);
        self.trap_if(outside, SiteKind::Cast { from, to }, inst.span, Some(a));
    }
}
