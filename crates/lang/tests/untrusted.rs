//! Untrusted input: limits are errors with a place, and no text makes the compiler panic.

use crossover_lang::{Diagnostics, File, Limits, Options, Sources, compile};
use proptest::prelude::*;

fn try_compile(text: &str) -> Result<(), Diagnostics> {
    compile(&Sources::single("kernel.py", text), &Options::default()).map(|_| ())
}

/// The one diagnostic of a text.
fn only(text: &str) -> String {
    let diagnostics = try_compile(text).expect_err("the text is over a limit");
    assert!(!diagnostics.render(true).is_empty());
    assert_eq!(diagnostics.list.len(), 1, "{diagnostics}");
    assert_eq!(diagnostics.list[0].rule, 0);
    diagnostics.list[0].message.clone()
}

/// A function with this expression.
fn with_expression(expression: &str) -> String {
    format!("def f(x: i32) -> i32:\n    return {expression}\n")
}

#[test]
fn bytes_are_checked() {
    assert_eq!(
        only(&" ".repeat((1 << 20) + 1)),
        "the file has 1048577 bytes; the limit is 1048576"
    );
    assert_eq!(only("def f():\n    return\0\n"), "byte 19 is NUL");
    let error = File::from_bytes("k.py", b"x: i32 = 1\n\xff").expect_err("not UTF-8");
    assert_eq!(error.list[0].message, "byte 11 is not UTF-8");
    assert!(error.to_string().contains("save the file as UTF-8"));
    assert_eq!(File::from_bytes("k.py", b"x").expect("UTF-8").text, "x");
}

#[test]
fn tokens_are_counted() {
    let many = "x: i32 = 1\n".repeat(3_334);
    assert_eq!(only(&many), "the file has more than 20000 tokens");
    let limits = Limits { tokens: 6, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let error = compile(&Sources::single("k.py", "a: i32 = 1\nb: i32 = 2\n"), &options);
    let place = error.expect_err("over the limit").list[0].span;
    assert_eq!((place.start, place.end), (11, 12), "the seventh token");
}

#[test]
fn nesting_is_limited() {
    let deep = "nesting is deeper than 64";
    let around = |open: &str, count, close: &str| {
        with_expression(&format!("{}x{}", open.repeat(count), close.repeat(count)))
    };
    for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("-", ""), ("not ", ""), ("~", "")] {
        assert_eq!(only(&around(open, 5_000, close)), deep, "{open}");
    }
    for open in ["x ** ", "1 if x > 0 else ", "lambda: ", "lambda a, b: ", "-x ** "] {
        assert_eq!(only(&around(open, 900, "")), deep, "{open}");
    }
    let mut text = "def f(x: i32):\n".to_owned();
    for depth in 1..70 {
        text.push_str(&format!("{}if x > 0:\n", "    ".repeat(depth)));
    }
    text.push_str(&format!("{}x = 1\n", "    ".repeat(70)));
    assert_eq!(only(&text), deep);
    try_compile(&around("(", 60, ")")).expect("within the limit");
    try_compile(&around("-", 60, "")).expect("within the limit");
}

#[test]
fn operator_chains_are_limited() {
    let chain = |count: usize| with_expression(&format!("x{}", " + x".repeat(count)));
    assert_eq!(only(&chain(1_001)), "more than 1000 operators in one line");
    try_compile(&chain(1_000)).expect("within the limit");
    let compared = format!("{}def g(x: i32) -> bool:\n    return x{}\n", "", " < x".repeat(990));
    try_compile(&compared).expect("within the limit");
    let lazy =
        format!("def g(a: i32[:]) -> bool:\n    return a[0] > 0{}\n", " and a[0] > 0".repeat(300));
    try_compile(&lazy).expect("within the limit");
    assert_eq!(
        only(&with_expression(&format!("x{}", ".a".repeat(1_100)))),
        "more than 1000 operators in one line"
    );
}

#[test]
fn long_branches_end_in_an_error_or_a_kernel() {
    let mut text = "def f(x: i32) -> i32:\n    if x == 0:\n        x = 1\n".to_owned();
    for case in 1..1_000 {
        text.push_str(&format!("    elif x == {case}:\n        x = 3\n"));
    }
    text.push_str("    return x\n");
    assert_eq!(only(&text), "blocks and calls nest deeper than 200");
}

#[test]
fn inlining_is_limited() {
    let mut text = "def call0(x: i32) -> i32:\n    return x + 1\n".to_owned();
    for level in 1..60 {
        let below = level - 1;
        text.push_str(&format!(
            "def call{level}(x: i32) -> i32:\n    return call{below}(x) + call{below}(x)\n"
        ));
    }
    assert_eq!(
        only(&text),
        "the kernel has more than 200000 instructions once its calls are inlined"
    );
    let mut empty = "def call0():\n    pass\n".to_owned();
    for level in 1..60 {
        let below = level - 1;
        empty.push_str(&format!("def call{level}():\n    call{below}()\n    call{below}()\n"));
    }
    assert_eq!(
        only(&empty),
        "the kernel has more than 200000 instructions once its calls are inlined"
    );
    let mut chain = "def call0(x: i32) -> i32:\n    return x + 1\n".to_owned();
    for level in 1..1_000 {
        chain.push_str(&format!(
            "def call{level}(x: i32) -> i32:\n    return call{}(x)\n",
            level - 1
        ));
    }
    assert_eq!(only(&chain), "calls nest deeper than 100");
}

#[test]
fn numbers_are_bounded() {
    for expression in ["9".repeat(5_000), "2 ** 100000".to_owned(), "1 << 9999999999".to_owned()] {
        try_compile(&with_expression(&expression)).expect_err("a limit on numbers");
    }
    let squared = format!("{}{}", "(".repeat(30), "3");
    let squared = format!("{squared}{}", " ** 2)".repeat(30));
    try_compile(&with_expression(&squared)).expect_err("a limit on numbers");
}

const PIECES: &[&str] = &[
    "def",
    "f",
    "(",
    ")",
    ":",
    "\n",
    "    ",
    "return",
    "if",
    "else",
    "elif",
    "while",
    "for",
    "in",
    "range",
    "prange",
    "x",
    "y",
    "a",
    "i",
    "i32",
    "f64",
    "real",
    "u8",
    "[",
    "]",
    "[:]",
    ",",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "<<",
    ">>",
    "&",
    "|",
    "^",
    "~",
    "not",
    "and",
    "or",
    "==",
    "<",
    ">",
    "=",
    "+=",
    "0",
    "1",
    "0.5",
    "1e400",
    "0x",
    "2j",
    "'s'",
    "f'{x}'",
    "\"\"\"",
    "lambda",
    "min",
    "max",
    "zeros",
    "array",
    "atomic_add",
    "bitcast",
    "True",
    "None",
    ".",
    "shape",
    "@",
    "break",
    "continue",
    "pass",
    "tuple",
    "->",
    "import",
    "from",
    "crossover",
    "#",
    "\\\n",
    ";",
    "\t",
    "é",
    "\u{1F600}",
    "yield",
    "await",
    "match",
    "case",
    "del",
    "class",
    "*",
    ":=",
    "...",
    "\r",
    "\u{feff}",
    "{",
    "}",
];

const KERNEL: &str = "from crossover import *\n\nN: i32 = 4\n\n\ndef helper(a: real[:], i: i32) -> tuple[real, bool]:\n    for k in range(N):\n        if a[k] > 2.0:\n            return a[k], True\n    return real(0.5), i < 3\n\n\ndef kernel(a: real[:], b: real[:, :], n: i32) -> real:\n    s = real(0.0)\n    best = real(0.0)\n    at = 0\n    u = zeros(real, n)\n    for step in range(n):\n        for i in prange(n):\n            y = a[i]\n            for j in prange(n):\n                s += y * b[i, j]\n        for i in prange(n):\n            t = array(u32, 4)\n            t[i % 4] += 1\n            v, w = helper(a, i)\n            if w and v > 1.0:\n                continue\n            if v > best:\n                best = v\n                at = i\n            u[i] = v if w else -v\n        a, u = u, a\n        a[0] = s\n        if a[0] > 3.0 or at == 2:\n            break\n    return s + best\n";

/// A kernel with pieces put in or cut out.
fn mutated(edits: &[(usize, usize, usize)]) -> String {
    let mut text = KERNEL.to_owned();
    for (at, cut, piece) in edits {
        let at = at % (text.len() + 1);
        let start = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + cut).min(text.len());
        let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        text.replace_range(start..end, PIECES[piece % PIECES.len()]);
    }
    text
}

/// Any outcome will do, but nothing that calls itself a defect, and a report that renders.
fn survives(text: &str) {
    if let Err(diagnostics) = try_compile(text) {
        let shown = diagnostics.to_string();
        assert!(!shown.is_empty());
        assert!(!shown.contains("internal error"), "{text}\n{shown}");
    }
}

#[test]
fn the_unmutated_kernel_is_accepted() {
    if let Err(diagnostics) = try_compile(KERNEL) {
        panic!("{diagnostics}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn token_soup_is_survived(pieces in prop::collection::vec(0..PIECES.len(), 0..60), spaced: bool) {
        let words: Vec<&str> = pieces.iter().map(|piece| PIECES[*piece]).collect();
        survives(&words.join(if spaced { " " } else { "" }));
    }

    #[test]
    fn mutants_of_a_kernel_are_survived(
        edits in prop::collection::vec((0usize..2_000, 0usize..12, 0..PIECES.len()), 1..4)
    ) {
        survives(&mutated(&edits));
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,80}") {
        survives(&text);
    }
}
