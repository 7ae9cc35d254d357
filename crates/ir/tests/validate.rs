//! Every rule of the validator, with a planted violation.

use crossover_ir::{HostNode, InstKind, Module, Span, Stmt, ValueId, VarId, parse, validate};

/// A kernel with a few parameters around host-level text.
fn host(nodes: &str) -> String {
    format!(
        "kernel k {{ array @a: f32[:] array @h: u32[:] array @m: i32[:, :] array @z: f32[:]
         var %n: i32 var %x: f32 var %b: bool var %t: i32
         params (@a, @h, @m, %n) host {{ {nodes} return () }} }}"
    )
}

/// A region of one axis around declarations and a body.
fn region(declarations: &str, body: &str) -> String {
    host(&format!(
        "v0: i32 = const 0 v1: i32 = get %n set %t = v0
         region {{ var %i: i32 var %j: i32 var %y: f32 {declarations}
         axis %i = v0 to v1 step 1 body {{ {body} }} }}"
    ))
}

fn serial(body: &str) -> String {
    host(&format!("serial {{ var %j: i32 body {{ {body} }} }}"))
}

fn message(text: &str) -> String {
    let module = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    match validate(module) {
        Ok(_) => panic!("valid:\n{text}"),
        Err(error) => error.violation.to_string(),
    }
}

fn valid(text: &str) -> Module {
    let module = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    validate(module).unwrap_or_else(|error| panic!("{error}\n{text}")).into_inner()
}

#[track_caller]
fn refused(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        assert_eq!(message(text), *expected, "{text}");
    }
}

#[test]
fn declarations() {
    let kernel = |text: &str| format!("kernel k {{ {text} host {{ return () }} }}");
    refused(&[
        (kernel("array @a: f32[:] array @a: f32[:] params ()"), "two arrays are named `a`"),
        (kernel("var %a: f32 var %a: i32 params ()"), "two variables are named `a`"),
        (kernel("var %a: f32 params (%a, %a)"), "`a` is two parameters"),
        (
            kernel("var %a: u8 params ()"),
            "variable `a` has type u8, which exists only as an array element",
        ),
        (
            kernel("array @a: f32[:, :, :] params ()"),
            "array `a` has 3 axes; one or two are possible",
        ),
        (
            kernel("params () returns (u8)"),
            "returned value 0 has type u8, which exists only as an array element",
        ),
        (kernel("params ()").repeat(2), "two kernels are named `k`"),
        (
            region("scratch $s: f32[1025]", ""),
            "scratch array `s` has 1025 elements; 1 to 1024 are possible",
        ),
        (
            region("scratch $s: f32[0]", ""),
            "scratch array `s` has 0 elements; 1 to 1024 are possible",
        ),
        (region("scratch $s: f32[1] scratch $s: f32[1]", ""), "two scratch arrays are named `s`"),
    ]);
}

#[test]
fn types() {
    refused(&[
        (host("v0: i32 = const 1 v1: f32 = add v0 v0"), "`add` does not take (i32, i32) to f32"),
        (
            host("v0: bool = const true v1: bool = lt v0 v0"),
            "`lt` does not take (bool, bool) to bool",
        ),
        (host("v0: f32 = get %n"), "the instruction's value must be i32, not f32"),
        (host("v0: f32 = extent @a 0"), "the instruction's value must be i32, not f32"),
        (host("v0: i32 = extent @a 1"), "axis 1 does not exist"),
        (host("v0: i32 = const 1 set %x = v0"), "the assigned value must be f32, not i32"),
        (host("v0: i32 = const 1 if v0 {}"), "a condition must be bool, not i32"),
        (host("v0: f32 = const 1.0 zeros @z [v0]"), "an extent must be an integer, not f32"),
        (host("v0: i32 = const 1 zeros @z [v0, v0]"), "1 extents expected, 2 given"),
        (
            host("v0: i64 = const 1 for %t = v0 to v0 step 1 {}"),
            "a loop bound must be i32, not i64",
        ),
        (
            host("v0: f32 = const 1.0 for %x = v0 to v0 step 1 {}"),
            "a loop variable must be an integer, not f32",
        ),
        (
            region("", "v0: f32 = const 1.0 v1: f32 = load @a [v0]"),
            "an index must be an integer, not f32",
        ),
        (region("", "v0: i32 = const 1 v1: i32 = load @m [v0]"), "2 indices expected, 1 given"),
        (
            region("", "v0: i32 = const 1 v1: i32 = load @h [v0]"),
            "the instruction's value must be u32, not i32",
        ),
        (
            region("", "v0: i32 = const 1 store @a [v0] = v0"),
            "the stored value must be f32, not i32",
        ),
        (
            region("scratch $s: u8[2]", "clear $s v0: i32 = const 1 store $s [v0] = v0"),
            "the stored value must be u32, not i32",
        ),
        (
            region("", "v0: f32 = const 1.0 switch v0 { default {} }"),
            "a 32-bit selector must be an integer, not f32",
        ),
        (region("", "v0: i32 = const 1 trap 3 if v0"), "a condition must be bool, not i32"),
        (
            region("", "v0: u8 = const 1"),
            "an instruction has type u8, which exists only as an array element",
        ),
        (host("bind (@a = @h)"), "`a` and `h` differ in element type or number of axes"),
        (
            host("v0: i32 = host %n"),
            "host level has only constants, variables, extents and table ops",
        ),
        (
            host("v0: i32 = const 0 v1: f32 = load @a [v0]"),
            "host level has only constants, variables, extents and table ops",
        ),
    ]);
}

#[test]
fn values() {
    refused(&[
        (
            host("v0: i32 = neg v1 v1: i32 = const 1"),
            "value 1 is not visible here: it is evaluated later or in another block",
        ),
        (
            host("v0: bool = const true if v0 { v1: i32 = const 1 } v2: i32 = neg v1"),
            "value 1 is not visible here: it is evaluated later or in another block",
        ),
        (host("v0: i32 = neg v7"), "value 7 does not exist"),
        (
            host("v0: bool = const true loop { v1: i32 = const 1 } while v0 {}"),
            "the condition of a loop must be evaluated in its header",
        ),
        (
            region(
                "",
                "v0: i32 = get %i v1: u32 = const 1 v2: u32 = atomic store @h [v0] (v1) v3: u32 = neg v2",
            ),
            "value 2 is that of an atomic store, which has none",
        ),
    ]);
}

#[test]
fn evaluation_counts() {
    let mut module = valid(&host("v0: i32 = const 1"));
    module.kernels[0].host.insert(0, HostNode::Eval(ValueId(0)));
    let error = validate(module).unwrap_err();
    assert_eq!(error.to_string(), "kernel `k`: value 0 is evaluated twice");
    let mut module = valid(&host("v0: i32 = const 1"));
    module.kernels[0].host.remove(0);
    assert_eq!(validate(module).unwrap_err().violation.to_string(), "value 0 is never evaluated");
}

#[test]
fn dangling_handles() {
    let mut module = valid(&host("v0: i32 = const 1 set %t = v0"));
    module.kernels[0].host[1] = HostNode::Set { var: VarId(99), value: ValueId(0) };
    assert_eq!(validate(module).unwrap_err().violation.to_string(), "variable 99 does not exist");
    let mut module = valid(&host("v0: i32 = const 1"));
    module.kernels[0].insts[0].kind = InstKind::Get(VarId(44));
    assert_eq!(validate(module).unwrap_err().violation.to_string(), "variable 44 does not exist");
}

#[test]
fn assignment_before_reading() {
    refused(&[
        (host("v0: f32 = get %x"), "variable `x` may be read before it is assigned"),
        (
            host("v0: bool = const true if v0 { v1: i32 = const 1 set %t = v1 } v2: i32 = get %t"),
            "variable `t` may be read before it is assigned",
        ),
        (
            host("v0: i32 = get %n for %t = v0 to v0 step 1 {} v1: i32 = get %t"),
            "variable `t` may be read before it is assigned",
        ),
        (region("", "v0: f32 = get %y"), "variable `y` may be read before it is assigned"),
        (region("", "v0: f32 = host %x"), "variable `x` may be read before it is assigned"),
        (
            region(
                "",
                "loop { v0: bool = const true } while v0 { v1: i32 = const 1 set %j = v1 } v2: i32 = get %j",
            ),
            "variable `j` may be read before it is assigned",
        ),
        (
            // The variable of an inner loop is undefined when the outer one comes round.
            region(
                "",
                "v0: i32 = const 1 set %j = v0 loop {} while true { v1: i32 = get %j for %j = v0 to v0 step 1 {} }",
            ),
            "variable `j` may be read before it is assigned",
        ),
        (
            region("scratch $s: f32[2]", "v0: i32 = const 1 v1: f32 = load $s [v0]"),
            "scratch array `s` may be used before it is reached",
        ),
        (
            region("", "v0: i32 = const 0 v1: f32 = load @z [v0]"),
            "array `z` may be used before it is bound",
        ),
        (region("", "v0: i32 = extent @z 0"), "array `z` may be used before it is bound"),
        (host("bind (@a = @z)"), "array `z` may be used before it is bound"),
    ]);
}

#[test]
fn assignment_on_every_path_is_enough() {
    valid(&region(
        "",
        "v0: i32 = const 1 v1: bool = gt v0 v0
         if v1 { set %j = v0 } else { if v1 { return } set %j = v0 } v2: i32 = get %j
         loop {} while true { v3: f32 = const 1.0 set %y = v3 if v1 { break } } v4: f32 = get %y",
    ));
    valid(&serial("v0: f32 = const 1.0 sethost %x = v0 v1: f32 = host %x"));
    let after = "serial { body { v0: f32 = const 1.0 sethost %x = v0 } } v0: f32 = get %x";
    valid(&host(after));
}

#[test]
fn loop_variables() {
    let expected = "loop variable `t` is assigned in its loop";
    refused(&[
        (host("v0: i32 = get %n for %t = v0 to v0 step 1 { set %t = v0 }"), expected),
        (
            host("v0: i32 = get %n for %t = v0 to v0 step 1 { for %t = v0 to v0 step 1 {} }"),
            expected,
        ),
        (
            host(
                "v0: i32 = get %n for %t = v0 to v0 step 1 { serial { body { v0: i32 = const 1 sethost %t = v0 } } }",
            ),
            expected,
        ),
        (region("", "v0: i32 = const 1 set %i = v0"), "loop variable `i` is assigned in its loop"),
        (
            region("", "v0: i32 = const 1 for %i = v0 to v0 step 1 {}"),
            "loop variable `i` is assigned in its loop",
        ),
        (
            region("", "v0: i32 = const 1 for %j = v0 to v0 step 1 { set %j = v0 }"),
            "loop variable `j` is assigned in its loop",
        ),
        (host("v0: i32 = get %n for %t = v0 to v0 step 0 {}"), "the step is 0"),
        (region("", "v0: i32 = const 1 for %j = v0 to v0 step 0 {}"), "the step is 0"),
    ]);
}

#[test]
fn jumps() {
    let header = "the header and the continuing part of a loop cannot be left by a jump";
    let parallel = "no `break` or `return` leaves a parallel loop";
    refused(&[
        (host("break"), "`break` outside a loop"),
        (host("continue"), "`continue` outside a loop"),
        (host("loop { break } while true {}"), header),
        (host("loop { return () } while true {}"), header),
        (region("", "break"), "`break` outside a loop"),
        (region("", "continue"), "`continue` outside a loop"),
        (region("", "loop { continue } while true {}"), header),
        (region("", "loop {} while true { break } continuing { return }"), header),
        (region("", "v0: i32 = const 1 for %j = v0 to v0 step 1 parallel () { break }"), parallel),
        (
            region(
                "",
                "v0: i32 = const 1 for %j = v0 to v0 step 1 parallel () { loop {} while true { return } }",
            ),
            parallel,
        ),
    ]);
    let inner = "loop { loop {} while true { break } } while true { break }";
    valid(&region("", inner));
}

#[test]
fn regions() {
    let axes = |count: usize, prefix: &str| {
        let vars: String = (0..count).map(|i| format!("var %i{i}: i32 ")).collect();
        let axis =
            |i| format!("axis %i{i} = v0 to v0 step 1 {} ", if i == 0 { prefix } else { "" });
        let axes: String = (0..count).map(axis).collect();
        host(&format!(
            "v0: i32 = const 0 region {{ {vars} var %p: i32 scratch $s: i32[1] {axes} body {{ }} }}"
        ))
    };
    let effect = "statements between two axes may only evaluate and assign lane variables";
    refused(&[
        (axes(0, ""), "a region has one to three axes, not 0"),
        (axes(4, ""), "a region has one to three axes, not 4"),
        (axes(1, "{ v0: i32 = get %i0 }"), "the prefix of the last axis must be empty"),
        (axes(2, "{ return }"), effect),
        (axes(2, "{ clear $s }"), effect),
        (axes(2, "{ v0: i32 = const 0 v1: u32 = const 1 store @h [v0] = v1 }"), effect),
        (axes(2, "{ v0: i32 = const 0 v1: u32 = atomic load @h [v0] () }"), effect),
        (
            host(
                "v0: i32 = const 0 region { var %i: i32 var %j: i32 var %p: i32
                 axis %i = v0 to v0 step 1 { v0: i32 = const 1 set %p = v0 }
                 axis %j = v0 to v0 step 1 body { set %p = v0 } }",
            ),
            "variable `p` is assigned between two axes and again inside",
        ),
        (
            host("v0: i32 = const 0 region { var %i: i32 axis %i = v0 to v0 step 0 body {} }"),
            "the step is 0",
        ),
        (
            host("v0: i64 = const 0 region { var %i: i32 axis %i = v0 to v0 step 1 body {} }"),
            "a loop bound must be i32, not i64",
        ),
        (
            region("", "v0: i32 = const 1 sethost %t = v0"),
            "a region cannot assign host variables except by reductions",
        ),
    ]);
    valid(&host(
        "v0: i32 = get %n region { var %i: i32 var %j: i32 var %p: i32
         axis %i = v0 to v0 step 1 { v0: i32 = get %i set %p = v0 }
         axis %j = v0 to v0 step 1 body { v1: i32 = get %p v2: i32 = add v0 v1 } }",
    ));
}

#[test]
fn atomics() {
    refused(&[
        (
            region("", "v0: i32 = get %i v1: f32 = const 1.0 v2: f32 = atomic add @a [v0] (v1)"),
            "atomics need u32 or i32 elements; `a` has f32",
        ),
        (
            region("", "v0: i32 = get %i v1: u32 = atomic load @h [v0] () v2: u32 = load @h [v0]"),
            "`h` is used by atomics in this region, and also otherwise",
        ),
        (
            region("", "v0: i32 = get %i v1: u32 = atomic load @h [v0] () store @h [v0] = v1"),
            "`h` is used by atomics in this region, and also otherwise",
        ),
        (
            region("", "v0: i32 = get %i v1: u32 = atomic add @h [v0] ()"),
            "1 atomic operands expected, 0 given",
        ),
        (
            region("", "v0: i32 = get %i v1: i32 = const 1 v2: u32 = atomic add @h [v0] (v1)"),
            "an atomic operand must be u32, not i32",
        ),
        (
            serial("v0: i32 = const 0 v1: u32 = atomic load @h [v0] ()"),
            "atomics are possible only inside a region",
        ),
    ]);
}

#[test]
fn switches() {
    refused(&[
        (
            region("", "v0: i32 = get %i switch v0 { case 1 {} case 1 {} default {} }"),
            "case 1 occurs twice",
        ),
        (
            region("", "v0: u32 = const 1 switch v0 { case -1 {} default {} }"),
            "case -1 is outside u32",
        ),
    ]);
}

#[test]
fn reductions() {
    let sum = "reduce r0 = add i32 loop %j var_unused";
    assert!(parse(&region(sum, "")).is_err());
    let inner = |body: &str| {
        region(
            "reduce r0 = add f32 loop %y",
            &format!(
                "v0: i32 = const 1 v1: f32 = const 1.0 set %y = v1 for %j = v0 to v0 step 1 parallel (r0) {{ {body} }}"
            ),
        )
    };
    let used = "variable `y` is the result of a reduction and cannot be used in its loop";
    refused(&[
        (region("reduce r0 = or f32 region %t", ""), "reduction Or is not defined for f32"),
        (region("reduce r0 = add bool region %b", ""), "reduction Add is not defined for bool"),
        (region("reduce r0 = add i32 region %t (%n)", ""), "reduction Add has no payload"),
        (
            region("reduce r0 = add f32 region %t", ""),
            "the target of a reduction must be f32, not i32",
        ),
        (
            region("reduce r0 = add f32 region %x", ""),
            "variable `x` may be read before it is assigned",
        ),
        (
            region("reduce r0 = add i32 region %t reduce r1 = add i32 region %t", ""),
            "variable `t` belongs to two reductions",
        ),
        (
            region("reduce r0 = add i32 region %t", "v0: i32 = host %t"),
            "variable `t` is the result of a reduction and cannot be used in its loop",
        ),
        (
            region("reduce r0 = argmin i32 region %t (%n)", "v0: i32 = get %i reduce r0 v0"),
            "1 payload values expected, 0 given",
        ),
        (
            region("reduce r0 = add f32 loop %y", "v0: f32 = const 1.0 reduce r0 v0"),
            "reduction 0 is used outside its loop",
        ),
        (
            region(
                "reduce r0 = add i32 region %t",
                "v0: i32 = const 1 for %j = v0 to v0 step 1 parallel (r0) {}",
            ),
            "reduction 0 belongs to the region or to two loops",
        ),
        (
            region(
                "reduce r0 = add f32 loop %y",
                "v0: i32 = const 1 for %j = v0 to v0 step 1 parallel (r0) {}",
            ),
            "variable `y` may be read before it is assigned",
        ),
        (inner("v2: f32 = get %y"), used),
        (inner("set %y = v1"), used),
        (
            host("serial { reduce r0 = add i32 region %n body {} }"),
            "a serial section has no region reductions",
        ),
        (
            host(
                "v0: i32 = get %n for %t = v0 to v0 step 1 { region { var %i: i32 reduce r0 = add i32 region %t axis %i = v0 to v0 step 1 body {} } }",
            ),
            "loop variable `t` is assigned in its loop",
        ),
    ]);
    valid(&inner("reduce r0 v1"));
}

#[test]
fn returns() {
    let kernel = |host: &str| {
        format!(
            "kernel k {{ array @a: f32[:] var %n: i32 params (@a, %n) returns (i32) host {{ {host} }} }}"
        )
    };
    refused(&[
        (kernel(""), "a path through the kernel ends without `return`"),
        (
            kernel("v0: i32 = get %n v1: bool = eq v0 v0 if v1 { return (v0) }"),
            "a path through the kernel ends without `return`",
        ),
        (kernel("return ()"), "1 returned values expected, 0 given"),
        (kernel("return (@a)"), "returned value 0 is not of the declared kind"),
        (kernel("v0: f32 = const 1.0 return (v0)"), "returned value 0 is not of the declared kind"),
        (host("bind (@a = @a, @a = @a)"), "`a` is bound twice at once"),
    ]);
    valid(&kernel("v0: i32 = get %n loop {} while true { return (v0) }"));
}

#[test]
fn limits() {
    let mut module = valid(&host(""));
    for _ in 0..257 {
        let host = std::mem::take(&mut module.kernels[0].host);
        let (header, span) = (Vec::new(), Span::default());
        module.kernels[0].host = vec![HostNode::Loop { header, cond: None, body: host, span }];
    }
    let error = validate(module).unwrap_err();
    assert_eq!(error.violation.to_string(), "statements are nested deeper than 256");
    let mut module = valid(&region("", ""));
    let HostNode::Region(region) = &mut module.kernels[0].host[3] else { panic!("a region") };
    region.code.body = vec![Stmt::Return; 500_001];
    let error = validate(module).unwrap_err();
    assert_eq!(error.violation.to_string(), "more than 500000 instructions or statements");
}

#[test]
fn errors_say_where() {
    let text = host("v0: i32 = const 1 !0:3..9 v1: f32 = neg v0 !0:10..20");
    let error = validate(parse(&text).unwrap()).unwrap_err();
    assert_eq!(error.span, Span { file: 0, start: 10, end: 20 });
    assert_eq!(error.to_string(), "kernel `k`: `neg` does not take (i32) to f32");
}
