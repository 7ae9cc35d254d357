//! Masks: which lanes are active.

use cranelift_codegen::ir::types::{I8X16, I32, I32X4, I64, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use cranelift_frontend::Variable;
use crossover_values::DType;

use super::{Lanes, reinterpretation};

/// The active lanes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mask {
    /// All of the chunk.
    All,
    /// All bits of a lane, or none.
    Some(Vec<Value>),
}

/// Bytes 0 to 3 and 8 to 11 of two vectors: the low words of 64-bit lanes.
pub(super) const LOW_WORDS: [u8; 16] = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
/// The high words of 64-bit lanes.
pub(super) const HIGH_WORDS: [u8; 16] =
    [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31];

impl Lanes<'_, '_, '_> {
    /// The type of masks.
    pub(super) fn mask_type(&self) -> Type {
        self.lane_type(DType::Bool)
    }

    /// The active lanes as vectors.
    pub(super) fn mask_vectors(&mut self) -> Vec<Value> {
        match self.mask.clone() {
            Mask::Some(parts) => parts,
            Mask::All => {
                let ones = self.ones();
                vec![ones; self.parts(DType::Bool)]
            }
        }
    }

    pub(super) fn ones(&mut self) -> Value {
        let ty = self.mask_type();
        let lanes = vec![-1_i64; ty.lane_count() as usize];
        self.constant_vector(ty, &lanes)
    }

    pub(super) fn zeros(&mut self) -> Value {
        let ty = self.mask_type();
        let lanes = vec![0_i64; ty.lane_count() as usize];
        self.constant_vector(ty, &lanes)
    }

    /// A truth value (0 or 1) in all lanes.
    pub(super) fn mask_of_bool(&mut self, scalar: Value) -> Value {
        let ty = self.mask_type();
        let build = self.lower.builder.ins();
        let wide = build.uextend(if ty == I64X2 { I64 } else { I32 }, scalar);
        let all = self.lower.builder.ins().ineg(wide);
        self.lower.builder.ins().splat(ty, all)
    }

    /// A mask from comparisons of `bytes` wide lanes.
    pub(super) fn as_mask(&mut self, parts: Vec<Value>, bytes: usize) -> Vec<Value> {
        match (bytes, self.plan.mask_bytes) {
            (8, 4) => parts
                .chunks(2)
                .map(|pair| self.shuffle(pair[0], pair[1], LOW_WORDS, I32X4))
                .collect(),
            (4, 8) => self.widen_signed(&parts),
            _ => parts,
        }
    }

    /// A mask for lanes of `bytes`.
    pub(super) fn mask_for(&mut self, mask: &[Value], bytes: usize) -> Vec<Value> {
        match (self.plan.mask_bytes, bytes) {
            (4, 8) => self.widen_signed(mask),
            (8, 4) => mask
                .chunks(2)
                .map(|pair| self.shuffle(pair[0], pair[1], LOW_WORDS, I32X4))
                .collect(),
            _ => mask.to_vec(),
        }
    }

    /// 32-bit lanes to 64-bit ones.
    pub(super) fn widen_signed(&mut self, parts: &[Value]) -> Vec<Value> {
        let mut out = Vec::with_capacity(parts.len() * 2);
        for part in parts {
            out.push(self.lower.builder.ins().swiden_low(*part));
            out.push(self.lower.builder.ins().swiden_high(*part));
        }
        out
    }

    /// Picks bytes of two vectors.
    pub(super) fn shuffle(&mut self, a: Value, b: Value, bytes: [u8; 16], ty: Type) -> Value {
        let flags = reinterpretation();
        let a = self.as_type(I8X16, a);
        let b = self.as_type(I8X16, b);
        let picks = bytes.to_vec();
        let picks = self.lower.builder.func.dfg.immediates.push(picks.into());
        let picked = self.lower.builder.ins().shuffle(a, b, picks);
        self.lower.builder.ins().bitcast(ty, flags, picked)
    }

    /// The same bits as another vector type.
    pub(super) fn as_type(&mut self, ty: Type, vector: Value) -> Value {
        if self.lower.builder.func.dfg.value_type(vector) == ty {
            return vector;
        }
        self.lower.builder.ins().bitcast(ty, reinterpretation(), vector)
    }

    /// Lane-wise `a & b` of masks.
    pub(super) fn both(&mut self, a: &[Value], b: &[Value]) -> Vec<Value> {
        a.iter().zip(b).map(|(a, b)| self.lower.builder.ins().band(*a, *b)).collect()
    }

    /// Lane-wise `a & !b` of masks.
    pub(super) fn without(&mut self, a: &[Value], b: &[Value]) -> Vec<Value> {
        a.iter().zip(b).map(|(a, b)| self.lower.builder.ins().band_not(*a, *b)).collect()
    }

    /// Lane-wise `a | b` of masks.
    pub(super) fn either(&mut self, a: &[Value], b: &[Value]) -> Vec<Value> {
        a.iter().zip(b).map(|(a, b)| self.lower.builder.ins().bor(*a, *b)).collect()
    }

    /// Active lanes whose condition holds.
    pub(super) fn active(&mut self, cond: &[Value]) -> Vec<Value> {
        match self.mask.clone() {
            Mask::All => cond.to_vec(),
            Mask::Some(mask) => self.both(&mask, cond),
        }
    }

    /// Active lanes whose condition does not hold.
    pub(super) fn inactive(&mut self, cond: &[Value]) -> Vec<Value> {
        let mask = self.mask_vectors();
        self.without(&mask, cond)
    }

    /// Whether a lane is left, as a scalar truth value.
    pub(super) fn any(&mut self, mask: &[Value]) -> Value {
        let mut parts = mask.to_vec();
        while parts.len() > 1 {
            parts = parts
                .chunks(2)
                .map(|pair| match pair {
                    [a, b] => self.lower.builder.ins().bor(*a, *b),
                    _ => pair[0],
                })
                .collect();
        }
        self.lower.builder.ins().vany_true(parts[0])
    }

    /// `new` in lanes of the mask, `old` in others; vectors of one type.
    pub(super) fn blend(&mut self, mask: &[Value], new: &[Value], old: &[Value]) -> Vec<Value> {
        let ty = self.lower.builder.func.dfg.value_type(new[0]);
        let bytes = ty.lane_type().bytes() as usize;
        let mask = self.mask_for(mask, bytes);
        let int = if bytes == 8 { I64X2 } else { I32X4 };
        new.iter()
            .zip(old)
            .zip(mask)
            .map(|((new, old), mask)| {
                let (new, old) = (self.as_type(int, *new), self.as_type(int, *old));
                let blended = self.lower.builder.ins().blendv(mask, new, old);
                self.as_type(ty, blended)
            })
            .collect()
    }

    /// One bit per lane, the first lane's lowest.
    pub(super) fn bits(&mut self, mask: &[Value]) -> Value {
        let lanes = self.mask_type().lane_count();
        let mut all = None;
        for (part, mask) in mask.iter().enumerate() {
            let bits = self.lower.builder.ins().vhigh_bits(I32, *mask);
            let shift = self.lower.integer(I32, u64::from(lanes) * part as u64);
            let bits = self.lower.builder.ins().ishl(bits, shift);
            all = Some(match all {
                None => bits,
                Some(before) => self.lower.builder.ins().bor(before, bits),
            });
        }
        all.expect("a chunk has lanes")
    }

    /// Variables for a mask.
    pub(super) fn mask_variables(&mut self) -> Vec<Variable> {
        let ty = self.mask_type();
        (0..self.parts(DType::Bool)).map(|_| self.lower.builder.declare_var(ty)).collect()
    }

    pub(super) fn define(&mut self, variables: &[Variable], parts: &[Value]) {
        for (variable, part) in variables.iter().zip(parts) {
            self.lower.builder.def_var(*variable, *part);
        }
    }

    pub(super) fn read(&mut self, variables: &[Variable]) -> Vec<Value> {
        variables.iter().map(|variable| self.lower.builder.use_var(*variable)).collect()
    }
}
