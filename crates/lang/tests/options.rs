//! Entries, instances of `real`, imports, spans, and how diagnostics read.

use crossover_ir::{Op, Span};
use crossover_lang::{File, Limits, Options, Sources, compile, is_generic};
use crossover_values::DType;

const TWO: &str = "
def _private(x: i32) -> i32:
    return x

def helper(x: real) -> real:
    return x * real(0.5)

def first(a: real[:]):
    for i in prange(a.shape[0]):
        a[i] = helper(a[i])

def second(n: i32) -> i32:
    return n + 1
";

fn names(entries: &[&str]) -> Result<Vec<String>, String> {
    let entries = entries.iter().map(|name| (*name).to_owned()).collect();
    let options = Options { entries, ..Options::default() };
    let module = compile(&Sources::single("k.py", TWO), &options).map_err(|it| it.to_string())?;
    Ok(module.kernels.iter().map(|kernel| kernel.name.clone()).collect())
}

#[test]
fn entries_are_named_or_what_nothing_calls() {
    assert_eq!(names(&[]), Ok(vec!["first".to_owned(), "second".to_owned()]));
    assert_eq!(names(&["helper", "second"]), Ok(vec!["helper".to_owned(), "second".to_owned()]));
    let error = names(&["third"]).expect_err("no such function");
    assert!(error.contains("the file has no function `third` to enter"), "{error}");
}

#[test]
fn real_is_one_type_per_instance() {
    for (real, found) in [(None, DType::F64), (Some(DType::F32), DType::F32)] {
        let options = Options { real, ..Options::default() };
        let module = compile(&Sources::single("k.py", TWO), &options).expect("a kernel");
        assert_eq!(module.kernels[0].arrays[0].dtype, found);
    }
    let limits = Limits::default();
    assert_eq!(is_generic(&Sources::single("k.py", TWO), &limits), Ok(true));
    let fixed = Sources::single("k.py", "def f(x: f64) -> f64:\n    return x\n");
    assert_eq!(is_generic(&fixed, &limits), Ok(false));
}

#[test]
fn both_instances_are_checked_whichever_is_asked_for() {
    let text = "def f(x: real) -> f64:\n    return x\n";
    for real in [DType::F32, DType::F64] {
        let options = Options { real: Some(real), ..Options::default() };
        let error = compile(&Sources::single("k.py", text), &options).expect_err("f32 is no f64");
        assert_eq!(error.list.len(), 1);
        assert!(error.list[0].message.starts_with("a value of type `f32`"), "{error}");
    }
}

#[test]
fn spans_lead_to_the_expression_and_its_file() {
    let helper = "def halve(a: i32, b: i32) -> i32:\n    return a // b\n";
    let mut sources = Sources::single(
        "k.py",
        "from common import halve\n\ndef f(a: i32) -> i32:\n    return halve(a + 1, a)\n",
    );
    let file = File { path: "common.py".to_owned(), text: helper.to_owned() };
    sources.modules.insert("common".to_owned(), file);
    let module = compile(&sources, &Options::default()).expect("a kernel");
    let crossover_ir::HostNode::Serial(serial) = &module.kernels[0].host[0] else {
        panic!("a kernel without a prange is a serial section");
    };
    let place = |wanted: Op| {
        let found = serial.code.insts.iter().find(
            |inst| matches!(&inst.kind, crossover_ir::InstKind::Op { op, .. } if *op == wanted),
        );
        found.expect("the op").span
    };
    assert_eq!(place(Op::DivFloor), Span { file: 1, start: 45, end: 51 });
    assert_eq!(module.text(place(Op::DivFloor)), "a // b");
    assert_eq!(module.text(place(Op::Add)), "a + 1");
}

#[test]
fn diagnostics_read_well() {
    let text = "\u{feff}def f(größe: i32,\r\n      b: f64) -> f64:\r\n\tx = b\r\n\tx = 1 @ 2\r\n\treturn x + größe\r\n";
    let error =
        compile(&Sources::single("k.py", text), &Options::default()).expect_err("three errors");
    insta::assert_snapshot!(error.to_string());
}

#[test]
fn syntax_errors_are_reported_at_their_places() {
    let text = "def f(x: i32) -> i32:\n    return x +\n\ndef g(:\n    pass\n";
    let error = compile(&Sources::single("k.py", text), &Options::default()).expect_err("syntax");
    insta::assert_snapshot!(error.to_string());
}
