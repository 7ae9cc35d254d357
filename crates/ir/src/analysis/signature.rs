//! What a kernel takes and gives back, from its code.

use std::collections::BTreeSet;

use crossover_values::{Param, ParamKind, Role, Signature};

use super::{Accesses, accesses};
use crate::{ArrayId, HostNode, Kernel, KernelParam, units};

/// The signature of a kernel, with the roles of its array parameters.
///
/// Names that a [`HostNode::Bind`] connects may be the same array at some moment, so they share
/// their accesses. A parameter is an output if it or a connected name is written, or its own name
/// is bound anew. It is [`Role::Out`] only if no connected name is read and no binding is
/// involved. Atomics read and write.
pub fn signature(kernel: &Kernel) -> Signature {
    let found = kernel_accesses(kernel);
    let pairs = bindings(kernel);
    let params = kernel.params.iter().map(|param| match param {
        KernelParam::Scalar(var) => {
            let var = &kernel.vars[var.0 as usize];
            Param { name: var.name.clone(), kind: ParamKind::Scalar(var.dtype), role: Role::In }
        }
        KernelParam::Array(array) => {
            let info = &kernel.arrays[array.0 as usize];
            let kind = ParamKind::Array { dtype: info.dtype, rank: info.rank as usize };
            Param { name: info.name.clone(), kind, role: role(*array, &found, &pairs) }
        }
    });
    Signature { params: params.collect(), returns: kernel.returns.clone() }
}

fn role(array: ArrayId, found: &Accesses, pairs: &[(ArrayId, ArrayId)]) -> Role {
    let class = connected(array, pairs);
    let written = class.iter().any(|name| found.changes(*name));
    let read = class.iter().any(|name| found.reads.contains(name) || found.atomics.contains(name));
    let rebound = pairs.iter().any(|(name, _)| *name == array);
    match (written || rebound, read || class.len() > 1) {
        (false, _) => Role::In,
        (true, false) => Role::Out,
        (true, true) => Role::InOut,
    }
}

/// The accesses of all units of a kernel.
pub fn kernel_accesses(kernel: &Kernel) -> Accesses {
    let mut all = Accesses::default();
    for unit in units(kernel) {
        let found = accesses(unit.code());
        all.reads.extend(found.reads);
        all.writes.extend(found.writes);
        all.atomics.extend(found.atomics);
    }
    all
}

/// Every pair of every `Bind`.
fn bindings(kernel: &Kernel) -> Vec<(ArrayId, ArrayId)> {
    let mut found = Vec::new();
    for node in &kernel.host {
        node.walk(&mut |node| {
            if let HostNode::Bind { pairs, .. } = node {
                found.extend(pairs.iter().filter(|(name, source)| name != source));
            }
        });
    }
    found
}

/// The names that bindings connect with a name, itself included.
fn connected(array: ArrayId, pairs: &[(ArrayId, ArrayId)]) -> BTreeSet<ArrayId> {
    let mut class = BTreeSet::from([array]);
    loop {
        let before = class.len();
        for (a, b) in pairs {
            if class.contains(a) || class.contains(b) {
                class.extend([*a, *b]);
            }
        }
        if class.len() == before {
            return class;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn roles() {
        let text = "kernel k {
            array @read: f32[:] array @written: f32[:] array @both: f32[:] array @hist: u32[:]
            array @u: f32[:] array @v: f32[:] array @w: f32[:] array @idle: f32[:] var %n: i32
            params (@read, @written, @both, @hist, @u, @n_is_none)
            host { return () }
        }";
        assert!(parse(text).is_err(), "a parameter must be declared");
        let text = text.replace("@n_is_none", "@w, @idle, %n").replace(
            "return",
            "v0: i32 = get %n zeros @v [v0] bind (@u = @v, @v = @u) bind (@v = @w)
             region { var %i: i32 axis %i = v0 to v0 step 1 body {
               v0: i32 = get %i v1: f32 = load @read [v0] store @written [v0] = v1
               v2: f32 = load @both [v0] store @both [v0] = v2
               v3: u32 = const 1 v4: u32 = atomic add @hist [v0] (v3)
               v5: i32 = extent @written 0 store @v [v0] = v1
             } } return",
        );
        let module = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let module = crate::validate(module).unwrap_or_else(|error| panic!("{error}"));
        let signature = signature(&module.kernels[0]);
        let roles: Vec<String> = signature
            .params
            .iter()
            .map(|param| format!("{} {:?}", param.name, param.role))
            .collect();
        let expected =
            "read In, written Out, both InOut, hist InOut, u InOut, w InOut, idle In, n In";
        assert_eq!(roles.join(", "), expected);
    }
}
