//! Where fusing and copying could go wrong: values that outlive a change of what they were made of.

use crossover_interpreter::{Options, compile};
use crossover_ir::{Op, Stmt, VarId};
use crossover_values::{Array, DType, Scalar, Value};

mod support;

use support::{Host, Lane};

const F: DType = DType::F64;

/// Runs lane code with variables a, b (loaded from `data[0]`, `data[1]`) for one iteration and
/// returns what it stores to `out`.
fn run(code: impl FnOnce(&mut Lane, [VarId; 2])) -> Vec<f64> {
    let mut host = Host::default();
    host.array_param("data", F, 1);
    host.array_param("out", F, 1);
    let zero = host.konst(Scalar::I32(0));
    let one = host.konst(Scalar::I32(1));
    let mut lane = Lane::default();
    let i = lane.var("i", DType::I32);
    let vars = [lane.var("a", F), lane.var("b", F)];
    for (place, var) in vars.iter().enumerate() {
        let index = lane.konst(Scalar::I32(place as i32));
        let value = lane.load(F, 0, &[index]);
        lane.set(*var, value);
    }
    // A second assignment keeps the variables from being mere names of what was loaded.
    for var in vars {
        let value = lane.get(var);
        let negative = lane.op(Op::Neg, F, &[value]);
        let negative = lane.op(Op::Neg, F, &[negative]);
        lane.set(var, negative);
    }
    code(&mut lane, vars);
    host.region(vec![Host::axis(i, zero, one, 1)], lane.finish());
    host.returns(&[]);
    let mut data = Array::zeros(F, &[2]);
    data.set(0, Scalar::F64(3.0));
    data.set(1, Scalar::F64(5.0));
    let mut arguments = [Value::Array(data), Value::Array(Array::zeros(F, &[4]))];
    let program = compile(&host.module(""), 0).expect("it compiles");
    program.run(&mut arguments, &mut Options::default()).expect("it runs");
    match &arguments[1] {
        Value::Array(Array::F64(out)) => out.iter().copied().collect(),
        other => panic!("{other:?}"),
    }
}

fn put(lane: &mut Lane, place: i32, value: crossover_ir::ValueId) {
    let index = lane.konst(Scalar::I32(place));
    lane.store(1, &[index], value);
}

#[test]
fn a_product_is_not_fused_past_a_change_of_its_factor() {
    let out = run(|lane, [a, b]| {
        let [va, vb] = [lane.get(a), lane.get(b)];
        let product = lane.op(Op::Mul, F, &[va, va]);
        lane.set(a, vb);
        let sum = lane.op(Op::Add, F, &[product, vb]);
        put(lane, 0, sum);
        let now = lane.get(a);
        put(lane, 1, now);
    });
    assert_eq!(out[..2], [14.0, 5.0]);
}

#[test]
fn a_read_value_outlives_an_assignment() {
    let out = run(|lane, [a, b]| {
        let [va, vb] = [lane.get(a), lane.get(b)];
        lane.set(a, vb);
        lane.set(b, va);
        put(lane, 0, va);
        put(lane, 1, vb);
        let [va, vb] = [lane.get(a), lane.get(b)];
        put(lane, 2, va);
        put(lane, 3, vb);
    });
    assert_eq!(out, [3.0, 5.0, 5.0, 3.0]);
}

#[test]
fn a_comparison_is_not_fused_past_a_change() {
    let out = run(|lane, [a, b]| {
        let [va, vb] = [lane.get(a), lane.get(b)];
        let less = lane.op(Op::Lt, DType::Bool, &[va, vb]);
        let big = lane.konst(Scalar::F64(100.0));
        lane.set(a, big);
        let store = |lane: &mut Lane, value: f64| {
            let value = lane.konst(Scalar::F64(value));
            put(lane, 0, value);
        };
        lane.if_else(less, |lane| store(lane, 1.0), |lane| store(lane, 2.0));
    });
    assert_eq!(out[0], 1.0);
}

#[test]
fn a_lazy_half_of_a_condition_is_not_fused_past_a_change() {
    let out = run(|lane, [a, b]| {
        let [va, vb] = [lane.get(a), lane.get(b)];
        let first = lane.op(Op::Lt, DType::Bool, &[va, vb]);
        let product = lane.op(Op::Mul, F, &[va, vb]);
        let sixteen = lane.konst(Scalar::F64(16.0));
        let second = lane.op(Op::Lt, DType::Bool, &[product, sixteen]);
        let both = lane.op(Op::And, DType::Bool, &[first, second]);
        let zero = lane.konst(Scalar::F64(0.0));
        lane.set(b, zero);
        lane.if_else(
            both,
            |lane| {
                let value = lane.konst(Scalar::F64(1.0));
                put(lane, 0, value);
            },
            |lane| {
                let value = lane.konst(Scalar::F64(2.0));
                put(lane, 0, value);
            },
        );
    });
    assert_eq!(out[0], 1.0);
}

/// `while a < limit: a, b = b, a + b`, left from both copies of the body.
#[test]
fn waiting_copies_are_made_on_the_way_out() {
    for (limit, expected) in [
        (3.0, [3.0, 5.0]),
        (4.0, [5.0, 8.0]),
        (6.0, [8.0, 13.0]),
        (9.0, [13.0, 21.0]),
        (14.0, [21.0, 34.0]),
    ] {
        let out = run(|lane, [a, b]| {
            lane.while_loop(
                |lane| {
                    let (va, limit) = (lane.get(a), lane.konst(Scalar::F64(limit)));
                    lane.op(Op::Lt, DType::Bool, &[va, limit])
                },
                |lane| {
                    let [va, vb] = [lane.get(a), lane.get(b)];
                    let sum = lane.op(Op::Add, F, &[va, vb]);
                    lane.set(a, vb);
                    lane.set(b, sum);
                },
            );
            let [va, vb] = [lane.get(a), lane.get(b)];
            put(lane, 0, va);
            put(lane, 1, vb);
        });
        assert_eq!(out[..2], expected, "{limit}");
    }
}

/// A name whose value was read from a variable that changes afterwards.
#[test]
fn a_name_keeps_its_value() {
    let out = run(|lane, [a, b]| {
        let old = lane.var("old", F);
        let va = lane.get(a);
        lane.set(old, va);
        let vb = lane.get(b);
        lane.set(a, vb);
        let kept = lane.get(old);
        put(lane, 0, kept);
        let body = lane.block(|lane| {
            let kept = lane.get(old);
            let product = lane.op(Op::Mul, F, &[kept, kept]);
            lane.set(a, product);
            let kept = lane.get(old);
            put(lane, 1, kept);
        });
        let cond = lane.konst(Scalar::Bool(true));
        let span = crossover_ir::Span::default();
        lane.push(Stmt::If { cond, then: body, otherwise: Vec::new(), span });
        let now = lane.get(a);
        put(lane, 2, now);
    });
    assert_eq!(out[..3], [3.0, 3.0, 9.0]);
}
