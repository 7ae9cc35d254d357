//! Addresses that do not change in a span.
//!
//! An access to neighbours, or to one element, whose indices are all guarded is where the span's
//! first lane accesses, moved on by the iterations since: one register per access, computed once
//! per span, and a displacement that all of them share. No chunk computes an address anew.

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use crossover_ir::lanes::{Access, Guard, LaneStmt};
use crossover_ir::{ArrayId, InstKind, ValueId};

use super::Lanes;

/// An access of the span's first lane.
pub(super) struct Anchor {
    array: ArrayId,
    indices: Vec<ValueId>,
    address: Value,
}

impl Lanes<'_, '_, '_> {
    /// Computes the addresses of the span's first lane, in front of its first chunk.
    pub(super) fn anchor(&mut self) {
        self.anchors.clear();
        let form = self.form;
        self.anchor_block(&form.body);
    }

    fn anchor_block(&mut self, block: &[LaneStmt]) {
        for stmt in block {
            match stmt {
                LaneStmt::Eval { value, access } => {
                    let code = self.lower.code;
                    if let InstKind::Load { array, indices } = &code.insts[value.0 as usize].kind {
                        self.anchor_access(*array, indices, *access);
                    }
                }
                LaneStmt::Store { array, indices, access, .. } => {
                    self.anchor_access(*array, indices, *access);
                }
                LaneStmt::If { then, otherwise, .. } => {
                    self.anchor_block(then);
                    self.anchor_block(otherwise);
                }
                LaneStmt::Switch { cases, default, .. } => {
                    cases.iter().for_each(|(_, case)| self.anchor_block(case));
                    self.anchor_block(default);
                }
                LaneStmt::Loop { header, body, continuing, .. } => {
                    [header, body, continuing].iter().for_each(|block| self.anchor_block(block));
                }
                LaneStmt::For { body, .. } => self.anchor_block(body),
                LaneStmt::Set { .. }
                | LaneStmt::ScratchZero(_)
                | LaneStmt::ScratchStore { .. }
                | LaneStmt::Reduce { .. }
                | LaneStmt::Break
                | LaneStmt::Continue
                | LaneStmt::Return
                | LaneStmt::Trap { .. } => {}
            }
        }
    }

    fn anchor_access(&mut self, array: ArrayId, indices: &[ValueId], access: Access) {
        if access == Access::Scattered || self.position_of(array, indices).is_some() {
            return;
        }
        let mut firsts = Vec::new();
        for (axis, index) in indices.iter().enumerate() {
            match self.spanned[index.0 as usize] {
                Some(first) if self.is_guarded(array, axis as u32, *index) => {
                    firsts.push(self.widened(*index, first));
                }
                _ => return,
            }
        }
        let address = self.address_of(array, &firsts);
        self.anchors.push(Anchor { array, indices: indices.to_vec(), address });
    }

    fn position_of(&self, array: ArrayId, indices: &[ValueId]) -> Option<Value> {
        let same = |anchor: &&Anchor| anchor.array == array && anchor.indices == indices;
        self.anchors.iter().find(same).map(|anchor| anchor.address)
    }

    /// The address that an access of the chunk's first lane has, if it is anchored.
    pub(super) fn anchored(
        &mut self,
        array: ArrayId,
        indices: &[ValueId],
        access: Access,
    ) -> Option<Value> {
        let address = self.position_of(array, indices)?;
        if access == Access::Uniform {
            return Some(address);
        }
        let since = self.since?;
        let dtype = self.lower.element_type(array);
        Some(self.lower.scaled(address, since, dtype))
    }

    /// Neighbours that the whole span may read, of an array that the unit does not write, are
    /// values rather than events: they are loaded where they are used, and once. Their addresses
    /// move with the chunks, so that no load leaves the span.
    pub(super) fn load_flags(&self, array: ArrayId, indices: &[ValueId]) -> MemFlagsData {
        let flags = MemFlagsData::trusted();
        if self.position_of(array, indices).is_some() && !self.written.contains(&array) {
            flags.with_readonly().with_can_move()
        } else {
            flags
        }
    }

    /// Whether the span answers for an index.
    pub(super) fn is_guarded(&self, array: ArrayId, axis: u32, value: ValueId) -> bool {
        let known = [Guard::Inside { value, array, axis }, Guard::InsideAll { value, array, axis }];
        self.form.guards.iter().any(|guard| known.contains(guard))
    }

    /// The address of an element by its indices in 64 bits.
    pub(super) fn address_of(&mut self, array: ArrayId, indices: &[Value]) -> Value {
        let registers = self.lower.array(array);
        let mut flat = None;
        for (index, extent) in indices.iter().zip(registers.extents) {
            debug_assert_eq!(self.lower.builder.func.dfg.value_type(*index), I64);
            flat = Some(match flat {
                None => *index,
                Some(outer) => {
                    let row = self.lower.builder.ins().imul(outer, extent);
                    self.lower.builder.ins().iadd(row, *index)
                }
            });
        }
        let flat = flat.expect("the validator proves that there is an index per axis");
        let dtype = self.lower.element_type(array);
        self.lower.scaled(registers.base, flat, dtype)
    }
}
