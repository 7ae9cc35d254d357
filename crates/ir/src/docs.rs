//! The op table as documentation.

use crate::{Accuracy, Class, Op, Signature};

/// The op table in Markdown: name, types, meaning, whether it traps, WGSL accuracy for `f32`.
pub fn ops_markdown() -> String {
    let mut out = String::from(
        "| op | types | meaning | traps | WGSL accuracy (f32) |\n|---|---|---|---|---|\n",
    );
    for op in Op::ALL {
        let info = op.info();
        let traps = if info.traps { "yes" } else { "" };
        let (types, meaning) = (signature(info.signature), info.meaning.replace('|', "\\|"));
        let accuracy =
            if has_floats(info.signature) { accuracy(info.accuracy) } else { "exact".into() };
        out.push_str(&format!(
            "| `{}` | {types} | {meaning} | {traps} | {accuracy} |\n",
            info.name
        ));
    }
    out
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Bool => "bool",
        Class::Int => "int",
        Class::Float => "float",
        Class::Num => "num",
        Class::Bits => "bits",
        Class::Any => "any",
    }
}

fn signature(signature: Signature) -> String {
    match signature {
        Signature::Unary(a) => format!("{0} → {0}", class(a)),
        Signature::Binary(a) => format!("{0}, {0} → {0}", class(a)),
        Signature::Ternary(a) => format!("{0}, {0}, {0} → {0}", class(a)),
        Signature::Shift => "int, any int → the first's".to_owned(),
        Signature::Compare(a) => format!("{0}, {0} → bool", class(a)),
        Signature::Select => "bool, any, any → any".to_owned(),
        Signature::Cast(from, to) => format!("{} → {}", class(from), class(to)),
        Signature::Bitcast => "num → num of the same width".to_owned(),
    }
}

/// Whether an op of this signature can have a float operand.
fn has_floats(signature: Signature) -> bool {
    let float = |class: Class| matches!(class, Class::Float | Class::Num | Class::Any);
    match signature {
        Signature::Unary(a)
        | Signature::Binary(a)
        | Signature::Ternary(a)
        | Signature::Compare(a) => float(a),
        Signature::Cast(from, to) => float(from) || float(to),
        Signature::Shift => false,
        Signature::Select | Signature::Bitcast => true,
    }
}

fn accuracy(accuracy: Accuracy) -> String {
    match accuracy {
        Accuracy::Exact => "exact".to_owned(),
        Accuracy::CorrectlyRounded => "correctly rounded".to_owned(),
        Accuracy::Ulp(ulp) => format!("{ulp} ulp"),
        Accuracy::UlpScaled { base, per_abs } => format!("{base} + {per_abs}·abs(a) ulp"),
        Accuracy::Absolute { error, lo, hi, outside } => {
            let outside = match outside {
                Some(ulp) => format!("{ulp} ulp"),
                None => "undefined".to_owned(),
            };
            format!("abs {error:.2e} on [{lo:.4}, {hi:.4}], else {outside}")
        }
        Accuracy::Inherited(formula) => format!("inherits `{formula}`"),
        Accuracy::Own(error) => format!("abs {error:.0e} (own approximation)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        insta::assert_snapshot!(ops_markdown());
    }

    #[test]
    fn the_document_has_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/IR.md");
        let document = std::fs::read_to_string(path).unwrap();
        assert!(document.contains(ops_markdown().trim()), "docs/IR.md has another table");
    }

    #[test]
    fn names_are_unique_and_found() {
        for op in Op::ALL {
            assert_eq!(Op::from_name(op.info().name), Some(*op));
        }
    }
}
