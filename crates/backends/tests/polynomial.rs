//! Modules with polynomial functions in place of the pinned ones: valid, and with the same bits from
//! the direct evaluator, the interpreter, machine code and its lanes.

use crossover_cranelift::Lanes;
use crossover_ir::polynomial::{FUNCTIONS, Function, expand, is_repeated, library};
use crossover_ir::{Module, Op, Valid, eval, reference, validate};
use crossover_lang::{Options, Sources};
use crossover_values::compare::{differences, same};
use crossover_values::{Array, DType, Scalar, Value};

/// Every function where an expression may stand: before a nested loop, in the header of a `while`,
/// under `if`, in a sum and in a serial section.
const EVERYWHERE: &str = "
def everywhere(a: f64[:, :], r: f64[:, :]) -> f64:
    rows, columns = a.shape
    total = f64(0.0)
    for i in prange(rows):
        scale = sin(f64(i) * 1.0e7)
        for j in prange(columns):
            x = a[i, j]
            while cos(x) > 0.25:
                x += 0.5 + exp(-x * x)
            if x > 1.0:
                x = log(x) + tanh(scale)
            r[i, j] = x
            total += erf(x) * scale
    for k in range(columns):
        r[0, k] = r[0, k] + sin(r[0, 0]) * exp(f64(k))
    return total
";

fn compile(text: &str) -> Valid<Module> {
    let sources = Sources::single("test.py", text);
    crossover_lang::compile(&sources, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// The module with functions in place, which is found valid again.
fn expanded(module: &Valid<Module>) -> Valid<Module> {
    let expanded = expand(module).into_inner();
    validate(expanded).unwrap_or_else(|error| panic!("{error}"))
}

/// What each executor leaves of the arguments and returns.
fn executors(module: &Valid<Module>, kernel: usize, arguments: &[Value]) -> [Vec<Value>; 4] {
    let direct = reference::run(module, kernel, arguments).expect("nothing fails");
    let outputs = |mut arguments: Vec<Value>, returned: Vec<Value>| {
        let mut outputs = vec![arguments.pop().expect("the last is the output")];
        outputs.extend(returned);
        outputs
    };
    let program = crossover_interpreter::compile(module, kernel).expect("it compiles");
    let mut given = arguments.to_vec();
    let done = program.run(&mut given, &mut Default::default()).expect("nothing fails");
    let interpreted = outputs(given, done.returned);
    let [scalar, lanes] = [Lanes::Off, Lanes::All].map(|lanes| {
        let options = crossover_cranelift::Options { lanes, ..Default::default() };
        let compiled = crossover_cranelift::compile(module, kernel, &options);
        let mut given = arguments.to_vec();
        let done = compiled.expect("it compiles").run(&mut given, &Default::default());
        outputs(given, done.expect("nothing fails").returned)
    });
    [direct, interpreted, scalar, lanes]
}

fn assert_equal(name: &str, [direct, interpreted, scalar, lanes]: &[Vec<Value>; 4]) {
    assert!(!direct.is_empty(), "{name} gives nothing");
    let others = [(interpreted, "interpreter"), (scalar, "machine code"), (lanes, "lanes")];
    for (other, executor) in others {
        assert_eq!(direct.len(), other.len());
        for (a, b) in direct.iter().zip(other) {
            let found = differences(a, b).expect("of one shape");
            assert!(found.is_empty(), "{name}: {executor} differs: {found:?}");
        }
    }
}

/// Patterns of bits of every size, and special ones.
fn arguments(dtype: DType) -> Vec<Scalar> {
    let special = [0.0, 1.0, 5e-324, 1e-310, 1.0e-40, 0.7, 1e7, f64::INFINITY, f64::NAN];
    let special = special.into_iter().flat_map(|x| [x, -x]);
    let mut state = 1_u64;
    let random = std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 1 ^ state << 63
    });
    match dtype {
        DType::F32 => {
            let bits = random.map(|bits| Scalar::F32(f32::from_bits((bits >> 32) as u32)));
            special.map(|x| Scalar::F32(x as f32)).chain(bits.take(4000)).collect()
        }
        _ => {
            // Half of them near one, where functions are neither 0 nor 1.
            let near = |bits: u64| bits & 0x800f_ffff_ffff_ffff | (1011 + (bits >> 52 & 15)) << 52;
            let bits =
                random.enumerate().map(|(i, bits)| if i % 2 == 0 { bits } else { near(bits) });
            let bits = bits.map(|bits| Scalar::F64(f64::from_bits(bits)));
            special.map(Scalar::F64).chain(bits.take(4000)).collect()
        }
    }
}

fn column(dtype: DType, values: &[Scalar]) -> Value {
    let mut array = Array::zeros(dtype, &[values.len()]);
    values.iter().enumerate().for_each(|(i, value)| array.set(i, *value));
    Value::Array(array)
}

fn elements(value: &Value) -> Vec<Scalar> {
    let Value::Array(array) = value else { panic!("an array") };
    (0..array.len()).map(|i| array.get(i).expect("in range")).collect()
}

/// A kernel that applies one op to an array, with its function in place.
fn applied(function: &Function) -> Valid<Module> {
    let (name, dtype) = (function.op.info().name, function.dtype);
    expanded(&compile(&format!(
        "def apply(a: {dtype}[:], r: {dtype}[:]):\n    for i in prange(r.shape[0]):\n        r[i] = {name}(a[i])\n"
    )))
}

#[test]
fn every_executor_gives_the_bits_of_the_library() {
    for function in FUNCTIONS {
        let given = arguments(function.dtype);
        let none = vec![Scalar::from_bits(function.dtype, 0); given.len()];
        let columns = [column(function.dtype, &given), column(function.dtype, &none)];
        let results = executors(&applied(function), 0, &columns);
        assert_equal(function.name, &results);
        let kernels = &library().kernels;
        let kernel = kernels.iter().position(|kernel| kernel.name == function.name);
        let own = executors(library(), kernel.expect("it is there"), &columns);
        assert_equal(function.name, &own);
        for ((x, got), own) in given.iter().zip(elements(&results[0][0])).zip(elements(&own[0][0]))
        {
            let pinned = eval(function.op, function.dtype, &[*x]).expect("no function fails");
            let wanted = if beyond(function, *x) { pinned } else { own };
            assert!(same(got, wanted), "{}({x}) is {got} instead of {wanted}", function.name);
        }
    }
}

fn beyond(function: &Function, x: Scalar) -> bool {
    let size = match x {
        Scalar::F32(x) => f64::from(x).abs(),
        Scalar::F64(x) => x.abs(),
        other => panic!("{other} is no float"),
    };
    function.reach.is_some_and(|reach| size > reach)
}

#[test]
fn functions_may_stand_wherever_an_expression_does() {
    let module = compile(EVERYWHERE);
    let functions = expanded(&module);
    let shape = [7, 9];
    let mut a = Array::zeros(DType::F64, &shape);
    (0..63).for_each(|i| a.set(i, Scalar::F64(i as f64 * 0.37 - 9.0)));
    let arguments = [Value::Array(a), Value::Array(Array::zeros(DType::F64, &shape))];
    let results = executors(&functions, 0, &arguments);
    assert_equal("everywhere", &results);
    // Near the pinned functions' results, and not those: else nothing was replaced.
    let pinned = executors(&module, 0, &arguments);
    let off = |(a, b): (Scalar, Scalar)| match (a, b) {
        (Scalar::F64(a), Scalar::F64(b)) => (a - b).abs() / b.abs(),
        _ => panic!("floats"),
    };
    let pairs = elements(&results[0][0]).into_iter().zip(elements(&pinned[0][0]));
    let worst = pairs.map(off).fold(0.0, f64::max);
    assert!(worst > 0.0 && worst < 1e-12, "{worst}");
}

#[test]
fn what_remains_of_the_ops_stands_behind_a_guard() {
    let left = |op: Op| {
        let function = FUNCTIONS.iter().find(|function| function.op == op);
        let text = crossover_ir::print(&applied(function.expect("it is there")));
        text.matches(&format!("= {} ", op.info().name)).count()
    };
    let counts = [Op::Exp, Op::Log, Op::Tanh, Op::Erf, Op::Sin, Op::Cos].map(left);
    assert_eq!(counts, [0, 0, 0, 0, 1, 1]);
}

#[test]
fn only_modules_that_evaluate_such_an_op_repeatedly_have_the_variant() {
    let repeated = |text: &str| is_repeated(&compile(text));
    assert!(repeated(EVERYWHERE));
    assert!(repeated("def f(a: f32[:]):\n    for i in range(3):\n        a[i] = exp(a[i])\n"));
    assert!(!repeated("def f(a: f32[:]):\n    a[0] = exp(a[0])\n"));
    assert!(!repeated("def f(a: f32[:]):\n    for i in prange(3):\n        a[i] = exp2(a[i])\n"));
}
