//! A definition and a signature for the tests of this crate.

use crossover_values::{DType, Param, ParamKind, Role, Signature};

use crate::Definition;

const TEXT: &str = r#"
title = "test"
summary = "a kernel that exists only here"

[[instances]]
dtype = "f64"
entry = "test"

[parameters.n]
doc = "cells per axis"
min = 1
max = 4096

[parameters.rate]
doc = "diffusion number"
min = 0
max = 1
default = 0.1
real = true

[[derived]]
name = "cells"
value = "n * n"

[[requirements]]
value = "rate"
max = 0.25
reason = "the explicit scheme is unstable beyond it"

[sizes.small]
n = 8

[sizes.book]
n = 512

[arguments.grid]
shape = ["n", "n"]
block = { value = 0.5, from = "floor(0.25 * n)", to = "floor(0.5 * n)" }

[arguments.axis]
shape = ["n"]
each = "i / n"

[arguments.bits]
shape = ["n"]
philox = { word = 1, kind = "bits" }

[arguments.out]
shape = ["n"]

[arguments.rate]
value = "rate"

[[answers]]
name = "mass"
at = { n = 8 }
output = "grid"
probe = "sum"
value = "2.0"
rule = "bound"

[[policies]]
name = "steps"
kind = "formula"
bound = "n * u"
reason = "a test"
"#;

/// The definition.
pub(crate) fn definition() -> Definition {
    Definition::parse("kernel.toml", TEXT).expect("the text is well-formed")
}

/// The definition with one text replaced.
pub(crate) fn changed(find: &str, replace: &str) -> Result<Definition, crate::DefinitionError> {
    assert!(TEXT.contains(find), "{find}");
    Definition::parse("kernel.toml", &TEXT.replacen(find, replace, 1))
}

/// The signature that the definition's arguments describe.
pub(crate) fn signature() -> Signature {
    let array = |name: &str, dtype, rank, role| Param {
        name: name.to_owned(),
        kind: ParamKind::Array { dtype, rank },
        role,
    };
    Signature {
        params: vec![
            array("grid", DType::F64, 2, Role::InOut),
            array("axis", DType::F32, 1, Role::In),
            array("bits", DType::U32, 1, Role::In),
            array("out", DType::I32, 1, Role::Out),
            Param { name: "rate".to_owned(), kind: ParamKind::Scalar(DType::F64), role: Role::In },
        ],
        returns: vec![],
    }
}
