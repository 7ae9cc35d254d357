//! Whether the order of a region's iterations can show (rule 12).

use std::collections::{BTreeMap, BTreeSet};

use super::code_uses;
use crate::{ArrayId, AtomicOp, InstKind, Region, ValueId};

/// Whether a region's result depends on the order of its atomics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderClass {
    /// Bit-equal in any order: per array one commutative operation with discarded results, or
    /// loads alone. A region without atomics is order-free.
    OrderFree,
    /// Anything else: a kernel names the canonical form that is compared.
    OrderDependent,
}

/// Derives a region's order class.
pub fn order_class(region: &Region) -> OrderClass {
    let used: BTreeSet<ValueId> = code_uses(region);
    let mut ops: BTreeMap<ArrayId, AtomicOp> = BTreeMap::new();
    for (index, inst) in region.code.insts.iter().enumerate() {
        let InstKind::Atomic(atomic) = &inst.kind else { continue };
        let shows = match atomic.op {
            AtomicOp::Load => false,
            AtomicOp::Add
            | AtomicOp::Min
            | AtomicOp::Max
            | AtomicOp::And
            | AtomicOp::Or
            | AtomicOp::Xor => used.contains(&ValueId(index as u32)),
            AtomicOp::Exchange | AtomicOp::CompareExchange | AtomicOp::Store => true,
        };
        let mixed = *ops.entry(atomic.array).or_insert(atomic.op) != atomic.op;
        if shows || mixed {
            return OrderClass::OrderDependent;
        }
    }
    OrderClass::OrderFree
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HostNode, parse, validate};

    fn class(body: &str) -> OrderClass {
        let text = format!(
            "kernel k {{ array @h: u32[:] var %n: i32 params (@h, %n) host {{
             v0: i32 = get %n region {{ var %i: i32 axis %i = v0 to v0 step 1 body {{
             v0: i32 = get %i v1: u32 = const 1 {body} }} }} return () }} }}"
        );
        let module = validate(parse(&text).unwrap()).unwrap();
        match &module.kernels[0].host[1] {
            HostNode::Region(region) => order_class(region),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn classes() {
        use OrderClass::{OrderDependent, OrderFree};
        for (body, expected) in [
            ("", OrderFree),
            ("v2: u32 = atomic add @h [v0] (v1)", OrderFree),
            ("v2: u32 = atomic add @h [v0] (v1) v3: u32 = atomic add @h [v0] (v1)", OrderFree),
            ("v2: u32 = atomic add @h [v0] (v1) v3: u32 = atomic max @h [v0] (v1)", OrderDependent),
            ("v2: u32 = atomic add @h [v0] (v1) v3: u32 = atomic load @h [v0] ()", OrderDependent),
            ("v2: u32 = atomic load @h [v0] () v3: u32 = neg v2", OrderFree),
            ("v2: u32 = atomic add @h [v0] (v1) v3: u32 = neg v2", OrderDependent),
            ("v2: u32 = atomic store @h [v0] (v1)", OrderDependent),
        ] {
            assert_eq!(class(body), expected, "{body}");
        }
    }
}
