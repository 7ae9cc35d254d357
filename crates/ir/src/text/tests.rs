//! The text form against modules, and against hostile text.

use super::{parse, print, print_with_spans};
use crate::{InstKind, Module, Span, validate};
use crossover_values::{Scalar, Value};
use proptest::prelude::*;

const EVERYTHING: &str = include_str!("../../tests/modules/everything.ir");

fn everything() -> Module {
    let module = parse(EVERYTHING).unwrap_or_else(|error| panic!("{error}"));
    validate(module).unwrap_or_else(|error| panic!("{error}")).into_inner()
}

#[test]
fn printing_gives_the_text_back() {
    let body = EVERYTHING.split_once('\n').expect("a comment comes first").1;
    assert_eq!(print(&everything()), body);
}

/// Gives every instruction and statement of a module its own span, through the text.
fn with_spans(module: &Module) -> Module {
    let mut count = 0;
    let mut text = String::new();
    for line in print(module).lines() {
        count += 1;
        let spanned = ["v", "if", "loop", "for", "region", "serial", "store", "return ("];
        let start = line.trim_start();
        if spanned.iter().any(|word| start.starts_with(word)) && !start.starts_with("var") {
            let (head, brace) = match line.strip_suffix(" {") {
                Some(head) => (head, " {"),
                None => (line, ""),
            };
            text.push_str(&format!("{head} !1:{count}..{}{brace}\n", count + 7));
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn spans_and_sources_round_trip() {
    let mut module = with_spans(&everything());
    module.sources[0].text = "a \"quoted\"\n\tback\\slash \u{1} é\r\n".to_owned();
    assert_eq!(module.kernels[0].insts[0].span, Span { file: 1, start: 16, end: 23 });
    let text = print_with_spans(&module);
    assert_eq!(parse(&text).as_ref(), Ok(&module));
    assert_ne!(parse(&print(&module)), Ok(module), "plain text has no spans");
}

#[test]
fn errors_have_a_place() {
    let message = |text: &str| parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(message("kernel k {\n  params (%x)\n}"), @"2:11: a declared variable expected, `%x` found");
    insta::assert_snapshot!(message("kernel k { params () host { v0: i32 = const 1.5 } }"), @"1:49: `1.5` is no i32");
    insta::assert_snapshot!(message("kernel k { params () host { v1: i32 = const 1 } }"), @"1:50: value v0 is never evaluated");
    insta::assert_snapshot!(message("kernel k { params () host { v0: i32 = frob v1 } }"), @"1:44: `frob` is no instruction");
    insta::assert_snapshot!(message("kernel \"k\\q\" {"), @"1:12: unknown escape");
    insta::assert_snapshot!(message("kernel k { params () host { v0: f32 = const 1.0 !0:1 } }"), @"1:53: a span is file:start..end");
    insta::assert_snapshot!(message("kernel k { params () host { ^"), @"1:29: '^' means nothing here");
}

#[test]
fn deep_text_is_refused() {
    let deep = format!("kernel k {{ params () host {{ {}", "loop { ".repeat(100_000));
    assert!(parse(&deep).unwrap_err().message.contains("nested deeper"));
}

/// A valid module as deep as may be goes through everything on a small stack.
#[test]
fn the_deepest_valid_module_overflows_nothing() {
    let depth = crate::MAX_DEPTH - 2;
    let text = format!(
        "kernel k {{ var %b: bool params (%b) host {{ serial {{ body {{ v0: bool = host %b {} {} }} }} return () }} }}",
        "if v0 {".repeat(depth),
        "}".repeat(depth),
    );
    let module = validate(parse(&text).unwrap()).unwrap();
    assert_eq!(parse(&print(&module)).as_ref(), Ok(&*module));
    let expanded = crate::analysis::expand_inner_reductions(&module);
    let rewritten = crate::analysis::for_gpu(&expanded.kernels[0]);
    assert_eq!(rewritten.host.len(), 2);
    let outcome = crate::reference::run(&module, 0, &[Value::Scalar(Scalar::Bool(true))]);
    assert!(outcome.is_ok());
}

fn scalars() -> impl Strategy<Value = Scalar> {
    let types = prop::sample::select(vec![
        crossover_values::DType::Bool,
        crossover_values::DType::I32,
        crossover_values::DType::U32,
        crossover_values::DType::I64,
        crossover_values::DType::U64,
        crossover_values::DType::F32,
        crossover_values::DType::F64,
    ]);
    (types, any::<u64>()).prop_map(|(dtype, bits)| Scalar::from_bits(dtype, bits))
}

proptest! {
    #[test]
    fn constants_keep_their_bits(value in scalars(), name in "[ -~é]{1,8}") {
        let mut module = everything();
        let kernel = &mut module.kernels[0];
        kernel.insts[1].kind = InstKind::Const(value);
        kernel.insts[1].dtype = value.dtype();
        kernel.name = name.clone();
        kernel.vars[0].name = format!("n{name}");
        prop_assert_eq!(parse(&print(&module)), Ok(module));
    }

    #[test]
    fn no_text_panics(at in 0..EVERYTHING.len(), cut in 0..40_usize, insert in "[ -~]{0,3}") {
        let end = (at + cut).min(EVERYTHING.len());
        let text = format!("{}{insert}{}", &EVERYTHING[..at], &EVERYTHING[end..]);
        if let Ok(module) = parse(&text) {
            let _ = validate(module);
        }
    }
}
