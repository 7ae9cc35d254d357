//! Generated WGSL on every adapter of this machine: the accepted fixtures of the language and a few
//! larger kernels, compared with the interpreter.
//!
//! Integers must be equal. Floats may differ by what WGSL allows an implementation.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests: a panic is a failure, and what cannot run here is shown"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crossover_backends::{REFERENCE, backends};
use crossover_contract::{
    Backend, Case, Definition, Failure, Kernel, KernelCode, SourceText, Target,
};
use crossover_ir::fixture::{Expected, parse_runs};
use crossover_lang::{File, Options, Sources};
use crossover_values::{Array, DType, Scalar, Value};

/// Largest difference of a float, as a part of the reference's: what WGSL's less exact functions
/// (`pow`, `tan`, `atan2`: some 4,096 units in the last place) may lose. A wrong op is off by more.
const FLOAT_PART: f64 = 1e-3;
/// Largest difference of floats near zero; the trigonometric functions have an absolute bound.
const FLOAT_NEAR_ZERO: f64 = 1e-3;

/// What `real` stands for: the fixtures state their runs in it.
const REAL: DType = DType::F64;
/// Kernels whose outputs depend on the order in which iterations meet.
const ORDER_DEPENDENT: &[&str] = &["insert"];

/// Outputs by name.
type Outputs = Vec<(String, Value)>;

/// A kernel in text with one instance and nothing else: arguments come from the test.
fn kernel(stem: &str, text: &str, modules: &BTreeMap<String, SourceText>, entry: &str) -> Kernel {
    let definition = format!(
        "title = \"{stem}\"\nsummary = \"a test\"\ninstances = [{{ dtype = \"{REAL}\", entry = \
         \"{entry}\" }}]\nparameters = {{}}\nsizes = {{ small = {{}} }}\narguments = {{}}\npolicies \
         = []\n"
    );
    Kernel {
        stem: stem.to_owned(),
        source: SourceText { path: format!("{stem}.py"), text: text.to_owned() },
        modules: modules.clone(),
        definition: Definition::parse("kernel.toml", &definition).unwrap(),
        shader: None,
        shader_library: BTreeMap::new(),
        code: KernelCode::default(),
    }
}

fn run(
    backend: &dyn Backend,
    variant: &str,
    adapter: Option<&str>,
    kernel: &Kernel,
    arguments: &[Value],
    back_edges: Option<&[u64]>,
) -> Result<(Outputs, Option<Vec<u64>>), Failure> {
    let case = Case { size: "small".to_owned(), parameters: BTreeMap::new(), seed: 0 };
    let target = Target {
        kernel,
        dtype: REAL,
        variant,
        adapter,
        threads: 1,
        case: &case,
        back_edges,
        wait_limit_s: 60.0,
    };
    let mut prepared = backend.prepare(&target)?;
    // Twice: what the first call leaves in buffers must not show in the second.
    prepared.run(arguments.to_vec())?;
    let outcome = prepared.run(arguments.to_vec())?;
    Ok((outcome.outputs, outcome.back_edges))
}

/// The first element that is not near enough.
fn difference(expected: &Outputs, got: &Outputs) -> Option<String> {
    if expected.len() != got.len() {
        return Some(format!("{} outputs instead of {}", got.len(), expected.len()));
    }
    expected.iter().zip(got).find_map(|((name, expected), (_, got))| {
        let (expected, got) = (elements(expected), elements(got));
        if expected.len() != got.len() {
            return Some(format!("{name}: {} elements, not {}", got.len(), expected.len()));
        }
        let pairs = expected.iter().zip(&got).enumerate();
        let mut far = pairs.filter(|(_, (expected, got))| !near(**expected, **got));
        far.next().map(|(index, (e, g))| format!("{name}[{index}] is {g:?} instead of {e:?}"))
    })
}

fn elements(value: &Value) -> Vec<Scalar> {
    match value {
        Value::Scalar(scalar) => vec![*scalar],
        Value::Array(array) => (0..array.len()).map(|index| array.get(index).unwrap()).collect(),
    }
}

fn near(expected: Scalar, got: Scalar) -> bool {
    let (e, g) = match (expected, got) {
        (Scalar::F32(e), Scalar::F32(g)) => (f64::from(e), f64::from(g)),
        (Scalar::F64(e), Scalar::F64(g)) => (e, g),
        (e, g) => return e == g,
    };
    // WGSL promises neither NaN nor infinity.
    !e.is_finite() || (e - g).abs() <= FLOAT_NEAR_ZERO + FLOAT_PART * e.abs()
}

/// Slugs of the adapters; `None`, and a visible line, where there are none.
fn adapters(wgsl: &dyn Backend) -> Option<Vec<String>> {
    match wgsl.adapters() {
        Ok(adapters) => Some(adapters.into_iter().map(|adapter| adapter.slug).collect()),
        Err(Failure::Unavailable(reason)) => {
            println!("generated WGSL is NOT run here: {reason}");
            assert!(reason.contains("install"), "how to get an adapter: {reason}");
            None
        }
        Err(failure) => panic!("{failure}"),
    }
}

fn find<'a>(all: &'a [Box<dyn Backend>], name: &str) -> &'a dyn Backend {
    all.iter().find(|backend| backend.name() == name).unwrap().as_ref()
}

/// What came of the runs on the adapters.
#[derive(Default)]
struct Tally {
    equal: usize,
    unavailable: Vec<String>,
    wrong: Vec<String>,
}

impl Tally {
    fn compare(
        &mut self,
        all: &[Box<dyn Backend>],
        adapter: &str,
        name: &str,
        kernel: &Kernel,
        arguments: &[Value],
    ) {
        let interpreter = find(all, REFERENCE.0);
        let expected = run(interpreter, REFERENCE.1, None, kernel, arguments, None);
        let (expected, edges) = expected.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let wgsl = find(all, "wgsl");
        let got = run(wgsl, "generated", Some(adapter), kernel, arguments, edges.as_deref());
        match got.map(|(got, _)| difference(&expected, &got)) {
            Ok(None) => self.equal += 1,
            Ok(Some(difference)) => self.wrong.push(format!("{name} on {adapter}: {difference}")),
            Err(Failure::Unavailable(reason)) => {
                self.unavailable.push(format!("{name} on {adapter}: {reason}"));
            }
            Err(failure) => self.wrong.push(format!("{name} on {adapter}: {failure}")),
        }
    }

    fn finish(self, what: &str) -> usize {
        for line in &self.unavailable {
            println!("{line}");
        }
        let (equal, left) = (self.equal, self.unavailable.len());
        println!("{what}: {equal} runs agree, {left} unavailable, {} wrong", self.wrong.len());
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        equal
    }
}

/// Stems and texts of the fixtures of the language.
fn texts() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lang");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let python = paths.filter(|path| path.extension().is_some_and(|e| e == "py"));
    let text = |path: &Path| {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        (stem, fs::read_to_string(path).unwrap())
    };
    let mut texts: Vec<_> = python.map(|path| text(&path)).collect();
    texts.sort();
    texts
}

/// Whether a fixture is imported by others instead of holding runs.
fn is_module(stem: &str) -> bool {
    !stem.starts_with(|first: char| first.is_ascii_digit())
}

/// A call of a kernel: its name, its arguments, its line in the fixture.
type Call = (String, Vec<Value>, usize);

/// The runs of a fixture that end without an error: a device does not look for errors.
fn calls(stem: &str, text: &str, modules: &BTreeMap<String, SourceText>) -> Vec<Call> {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let others = modules.iter().map(|(name, other)| (name.clone(), file(&other.path, &other.text)));
    let sources = Sources { main: file(&format!("{stem}.py"), text), modules: others.collect() };
    let options = Options { real: Some(REAL), ..Options::default() };
    let module = crossover_lang::compile(&sources, &options).unwrap();
    let runs = parse_runs(&module, text).unwrap().into_iter();
    let right = runs.filter(|run| matches!(run.expected, Expected::Outputs(_)));
    right.map(|run| (module.kernels[run.kernel].name.clone(), run.arguments, run.line)).collect()
}

#[test]
fn fixtures_of_the_language_give_the_same_on_every_adapter() {
    let all = backends();
    let Some(adapters) = adapters(find(&all, "wgsl")) else { return };
    let texts = texts();
    let modules = texts.iter().filter(|(stem, _)| is_module(stem)).map(|(stem, text)| {
        (stem.clone(), SourceText { path: format!("{stem}.py"), text: text.clone() })
    });
    let modules: BTreeMap<String, SourceText> = modules.collect();
    let mut tally = Tally::default();
    let accepted = texts.iter().filter(|(stem, _)| !is_module(stem) && !stem.ends_with("_bad"));
    for (stem, text) in accepted {
        for (entry, arguments, line) in calls(stem, text, &modules) {
            if ORDER_DEPENDENT.contains(&entry.as_str()) {
                continue;
            }
            let kernel = kernel(stem, text, &modules, &entry);
            for adapter in &adapters {
                let name = format!("{stem}.py:{line} {entry}");
                tally.compare(&all, adapter, &name, &kernel, &arguments);
            }
        }
    }
    let other = tally.unavailable.iter().find(|line| !line.contains("f64"));
    assert_eq!(other, None, "only f64 may be unavailable");
    let left = tally.unavailable.len();
    let equal = tally.finish("fixtures");
    assert!(equal + left >= 123 * adapters.len(), "only {} runs", equal + left);
    assert!(equal >= 99 * adapters.len(), "only {equal} runs agree");
}

/// Kernels over more elements than a workgroup or a block of rule 11 has.
const LARGE: &str = r#"
def sums(a: i32[:], x: f32[:]) -> tuple[i32, f32, f32, i32]:
    total = 0
    s = f32(0.0)
    best = f32(-1.0)
    at = -1
    for i in prange(a.shape[0]):
        total += a[i]
        s += x[i]
        if x[i] > best:
            best = x[i]
            at = i
    return total, s, best, at

def histogram(a: i32[:], bins: u32[:]):
    for i in prange(a.shape[0]):
        atomic_add(bins, a[i] % bins.shape[0], 1)

def integers(a: i32[:], out: i32[:, :]):
    for i in prange(a.shape[0]):
        for j in prange(out.shape[1]):
            divisor = j - 4
            if divisor == 0:
                divisor = 9
            q = a[i] // divisor
            r = a[i] % divisor
            out[i, j] = q ^ (r << 7) + popcount(a[i]) - (a[i] >> j) + min(q, r) * max(a[i], j)

def bytes(pixels: u8[:], out: u8[:]) -> u32:
    changed: u32 = 0
    for i in prange(pixels.shape[0]):
        out[i] = pixels[i] * 3 + 1
        if pixels[i] & 1 == 1:
            changed += 1
    return changed

def medians(a: i32[:], out: i32[:]):
    n = a.shape[0]
    for i in prange(n):
        t = array(i32, 5)
        for k in range(5):
            t[k] = a[(i + k - 2) % n]
        for k in range(1, 5):
            m = k
            while m > 0 and t[m - 1] > t[m]:
                t[m - 1], t[m] = t[m], t[m - 1]
                m -= 1
        out[i] = t[2]

def relax(u: f32[:], tolerance: f32) -> i32:
    n = u.shape[0]
    v = zeros(f32, n)
    rounds = 0
    change = tolerance + 1.0
    while change > tolerance:
        change = f32(0.0)
        for i in prange(n):
            v[i] = u[i] * 0.5
            change = max(change, abs(u[i]))
        u, v = v, u
        u[0] = 0.25
        rounds += 1
        if rounds == 40:
            return -1
    return rounds
"#;

fn array(dtype: DType, shape: &[usize], element: impl Fn(usize) -> Scalar) -> Value {
    let mut array = Array::zeros(dtype, shape);
    for index in 0..array.len() {
        array.set(index, element(index));
    }
    Value::Array(array)
}

/// A fixed mixture of small and large numbers of both signs.
fn mixed(index: usize) -> i32 {
    let word = (index as u32).wrapping_mul(2_654_435_769) ^ 0x1234_5678;
    (word as i32) >> (index % 24)
}

#[test]
fn large_kernels_give_the_same_on_every_adapter() {
    let all = backends();
    let Some(adapters) = adapters(find(&all, "wgsl")) else { return };
    let n = 10_007;
    let integers = array(DType::I32, &[n], |i| Scalar::I32(mixed(i)));
    let floats = array(DType::F32, &[n], |i| Scalar::F32((mixed(i) as f32).abs() * 1e-6));
    let pixels = array(DType::U8, &[n], |i| Scalar::from_bits(DType::U8, mixed(i) as u8 as u64));
    let zeros = |dtype, shape: &[usize]| Value::Array(Array::zeros(dtype, shape));
    let calls: [(&str, Vec<Value>); 6] = [
        ("sums", vec![integers.clone(), floats.clone()]),
        ("histogram", vec![integers.clone(), zeros(DType::U32, &[37])]),
        ("integers", vec![integers.clone(), zeros(DType::I32, &[n, 11])]),
        ("bytes", vec![pixels, zeros(DType::U8, &[n])]),
        ("medians", vec![integers, zeros(DType::I32, &[n])]),
        ("relax", vec![floats, Value::Scalar(Scalar::F32(0.3))]),
    ];
    let mut tally = Tally::default();
    for (entry, arguments) in &calls {
        let kernel = kernel("large", LARGE, &BTreeMap::new(), entry);
        for adapter in &adapters {
            tally.compare(&all, adapter, entry, &kernel, arguments);
        }
    }
    let equal = tally.finish("large kernels");
    assert_eq!(equal, calls.len() * adapters.len(), "every kernel runs on every adapter");
}

/// 64-bit integers: every op, and every way in which a value reaches a device.
const WIDE: &str = r#"
def signed(a: i64[:], b: i64[:], out: i64[:, :], tests: bool[:, :]):
    for i in prange(a.shape[0]):
        x = a[i]
        y = b[i]
        d = y
        if d == 0:
            d = i64(7)
        out[i, 0] = x + y
        out[i, 1] = x - y
        out[i, 2] = x * y
        out[i, 3] = mul_high(x, y)
        out[i, 4] = x // d
        out[i, 5] = x % d
        out[i, 6] = x << y
        out[i, 7] = x >> i32(y)
        out[i, 8] = -x ^ (x & y) | ~y
        out[i, 9] = abs(x) + i64(u32(y)) - i64(i32(x))
        out[i, 10] = min(x, y) // 1024 + max(x, y) % 1024
        out[i, 11] = popcount(x) + count_leading_zeros(y) * 100
        out[i, 12] = count_trailing_zeros(x) if x < y else i64(bitcast(i32, f32(y)))
        out[i, 13] = i64(bitcast(i32, f32(x))) + i64(x > y) * 3
        tests[i, 0] = x < y
        tests[i, 1] = x <= y
        tests[i, 2] = x == y
        tests[i, 3] = x >= y and x != y

def unsigned(a: u64[:], b: u64[:], x: f32[:], out: u64[:, :]):
    for i in prange(a.shape[0]):
        d = max(b[i], 1)
        out[i, 0] = a[i] // d
        out[i, 1] = a[i] % d
        out[i, 2] = mul_high(a[i], d)
        out[i, 3] = (a[i] >> (d % 64)) + (a[i] >> 17)
        out[i, 4] = u64(a[i] < d) + u64(a[i] >= b[i]) * 2
        out[i, 5] = u64(bitcast(u32, f32(a[i])))
        out[i, 6] = u64(abs(x[i])) + bitcast(u64, i64(x[i]))
        out[i, 7] = min(a[i], b[i]) ^ ~a[i]
        out[i, 8] = a[i] // 1000000007 + a[i] % 10
        out[i, 9] = u64(i) << 33

def doubles(a: i64[:], x: f64[:], out: i64[:, :], y: f64[:]):
    for i in prange(a.shape[0]):
        out[i, 0] = i64(x[i])
        out[i, 1] = bitcast(i64, x[i])
        out[i, 2] = bitcast(i64, f64(a[i]))
        out[i, 3] = bitcast(i64, f64(bitcast(u64, a[i])))
        out[i, 4] = bitcast(i64, f64(u64(abs(x[i]))))
        y[i] = bitcast(f64, bitcast(i64, x[i]) ^ 1)

def reductions(a: i64[:], start: u64) -> tuple[u64, i64, i64, i64, i64, i64, i64, i64]:
    total = start
    some: i64 = 0
    odd: i64 = 0
    every: i64 = -1
    least: i64 = 9223372036854775807
    best: i64 = -9223372036854775808
    at: i64 = -1
    twice: i64 = 0
    for i in prange(i64(a.shape[0])):
        v = a[i]
        total += bitcast(u64, v)
        some |= v
        odd ^= v
        every &= v | 255
        least = min(least, v)
        if v > best:
            best = v
            at = i
            twice = v + v
    return total, some, odd, every, least, best, at, twice

def lanes(a: i64[:], step: i64, out: i64[:, :]) -> i64:
    rounds: i64 = 0
    n = i64(a.shape[0])
    made = zeros(i64, n)
    for i in prange(n - 1, i64(-1), -1):
        t = array(i64, 4)
        for k in range(i64(-4), step, 3):
            t[k & 3] += k * a[i]
        for k in range(step, step - 3, -1):
            t[0] ^= k
        inner: i64 = 0
        for k in prange(i64(4)):
            inner = max(inner, t[k])
        made[i] = inner
    for i in prange(n):
        for j in prange(i64(0), i64(out.shape[1]), 2):
            out[i, j] = made[i] + j * step
    while rounds < made[0] % 5 + 2:
        rounds += 1
    made[1] = rounds << 40
    return made[1] + rounds
"#;

/// Numbers of any length and sign, with all ends of words.
fn wide(index: usize) -> i64 {
    const ENDS: [u64; 8] = [0, 1, u64::MAX, 1 << 63, u32::MAX as u64, 1 << 32, 1 << 31, !(1 << 63)];
    let mixed = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = mixed ^ (mixed >> 29);
    match index % 5 {
        0 => ENDS[(mixed >> 40) as usize % ENDS.len()] as i64,
        1 => (mixed >> (index % 61)) as i64,
        _ => (mixed as i64) >> (index % 63),
    }
}

#[test]
fn wide_integers_give_the_same_on_every_adapter() {
    let all = backends();
    let Some(adapters) = adapters(find(&all, "wgsl")) else { return };
    let n = 5_003;
    let signed = |by: usize| array(DType::I64, &[n], |i| Scalar::I64(wide(i + by)));
    let unsigned = |by: usize| array(DType::U64, &[n], |i| Scalar::U64(wide(i + by) as u64));
    let zeros = |dtype, columns: usize| Value::Array(Array::zeros(dtype, &[n, columns]));
    // Within the range of both types, and with a fraction.
    let floats = array(DType::F32, &[n], |i| Scalar::F32(wide(i) as f32 * 0.499));
    let doubles = array(DType::F64, &[n], |i| Scalar::F64(wide(i) as f64 * 0.499));
    let results = Value::Array(Array::zeros(DType::F64, &[n]));
    let calls: [(&str, Vec<Value>); 5] = [
        ("signed", vec![signed(0), signed(7), zeros(DType::I64, 14), zeros(DType::Bool, 4)]),
        ("unsigned", vec![unsigned(0), unsigned(11), floats, zeros(DType::U64, 10)]),
        ("reductions", vec![signed(0), Value::Scalar(Scalar::U64(1 << 50))]),
        ("lanes", vec![signed(1), Value::Scalar(Scalar::I64(9)), zeros(DType::I64, 5)]),
        ("doubles", vec![signed(0), doubles, zeros(DType::I64, 5), results]),
    ];
    let mut tally = Tally::default();
    for (entry, arguments) in &calls {
        let kernel = kernel("wide", WIDE, &BTreeMap::new(), entry);
        for adapter in &adapters {
            tally.compare(&all, adapter, entry, &kernel, arguments);
        }
    }
    let other = tally.unavailable.iter().find(|line| !line.starts_with("doubles"));
    assert_eq!(other, None, "only f64 may be unavailable");
    let equal = tally.finish("wide integers");
    assert!(equal >= 4 * adapters.len(), "only {equal} runs agree");
}

#[test]
fn the_comparison_sees_a_wrong_element() {
    let outputs = |value| vec![("a".to_owned(), array(DType::F32, &[2], |_| Scalar::F32(value)))];
    assert_eq!(difference(&outputs(1.0), &outputs(1.0)), None);
    assert_eq!(difference(&outputs(1.0), &outputs(1.000_1)), None);
    assert!(difference(&outputs(1.0), &outputs(1.1)).is_some());
    assert!(difference(&outputs(1.0), &outputs(f32::NAN)).is_some());
    let integers = |value| vec![("a".to_owned(), Value::Scalar(Scalar::I32(value)))];
    assert!(difference(&integers(1), &integers(2)).is_some());
    assert!(difference(&integers(1), &Vec::new()).is_some());
}
