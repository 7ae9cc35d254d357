//! A small kernel and a table of backends that go wrong in every way that a worker can.
//!
//! The kernel doubles `values` into `doubled` and returns their sum. Backend `truth` is right;
//! backend `fake` has one variant per way of going wrong.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crossover_contract::{
    Adapter, Backend, Definition, Estimate, Failure, Kernel, KernelCode, Outcome, Phase, Prepared,
    Promise, ResultView, Series, SourceText, Target, Variant,
};
use crossover_harness::protocol::KernelSpec;
use crossover_harness::worker::KernelProvider;
use crossover_harness::{Duty, Subject, TableLine};
use crossover_values::{Array, DType, Param, ParamKind, Role, Scalar, Signature, Value};

const DEFINITION: &str = r#"
title = "Doubling"
summary = "Doubles numbers."

[[instances]]
dtype = "i32"
entry = "double"

[parameters.n]
doc = "number of elements"
min = 1
max = 1000

[sizes.small]
n = 8
[sizes.book]
n = 100

[arguments]
values = { shape = ["n", 1], each = "i" }
doubled = { shape = ["n", 1] }

[[pictures]]
output = "doubled"
caption = "Twice the numbers"
scale = "linear"

[work]
elements = "n"

[[answers]]
name = "sum of 0 to 7"
at = { n = 8 }
output = "result"
probe = "sum"
value = 28
rule = "exact"

[[policies]]
name = "one off"
outputs = ["doubled"]
kind = "formula"
bound = "1"
reason = "what bounded variants of this test do"

[[policies]]
name = "exact"
kind = "exact"
reason = "integers"

[determinism]
class = "same"
variants = { "fake roams" = "varies" }

[canonical]
doubled = "sorted"

[facts.calls]
doc = "calls so far"
unit = "calls"

[[estimates]]
name = "sum of the numbers"
function = "sum"

[[charts]]
name = "doubles"
caption = "Each number twice"
function = "doubles"
mark = "bars"
x = { label = "position" }
y = { label = "value", log = true }

[[charts]]
name = "calls against time"
caption = "One point per row"
rows = { x = "calls", y = "time" }
mark = "points"
x = { label = "calls" }
y = { label = "time, s" }
"#;

/// Says 27 where 28 is true.
fn sum(view: &ResultView<'_>) -> Option<Estimate> {
    let Some(Value::Scalar(Scalar::I64(sum))) = view.output("result") else { return None };
    Some(Estimate { estimate: (*sum - 1) as f64, truth: *sum as f64 })
}

fn doubles(view: &ResultView<'_>) -> Vec<Series> {
    let array = view.output("doubled").and_then(Value::as_array).unwrap();
    let point = |index| Some([index as f64, array.get(index)?.as_f64()]);
    vec![Series { name: "twice".into(), points: (0..array.len()).filter_map(point).collect() }]
}

/// The kernel.
pub(crate) fn kernel() -> Kernel {
    Kernel {
        stem: "double".into(),
        source: SourceText { path: "double.py".into(), text: "def double(): ...".into() },
        modules: BTreeMap::new(),
        definition: Definition::parse("kernel.toml", DEFINITION).unwrap(),
        shader: None,
        shader_library: BTreeMap::new(),
        code: KernelCode::new(&[])
            .with_estimates(&[("sum", sum)])
            .with_charts(&[("doubles", doubles)]),
    }
}

/// The kernel as the harness gets it.
pub(crate) fn subject() -> Subject {
    let array = ParamKind::Array { dtype: DType::I32, rank: 2 };
    let param = |name: &str, role| Param { name: name.into(), kind: array, role };
    let signature = Signature {
        params: vec![param("values", Role::In), param("doubled", Role::Out)],
        returns: vec![ParamKind::Scalar(DType::I64)],
    };
    Subject {
        kernel: Arc::new(kernel()),
        spec: KernelSpec { stem: "double".into(), path: None, mutant: None },
        signatures: BTreeMap::from([(DType::I32, signature)]),
    }
}

/// Finds the one kernel.
pub(crate) struct Provider;

impl KernelProvider for Provider {
    fn kernel(&self, spec: &KernelSpec) -> Result<Arc<Kernel>, String> {
        match (spec.stem.as_str(), &spec.mutant) {
            ("double", None) => Ok(Arc::new(kernel())),
            (stem, mutant) => Err(format!("no kernel `{stem}` with mutant {mutant:?}")),
        }
    }
}

/// The backends, in the order of the table.
pub(crate) fn backends() -> Vec<Box<dyn Backend>> {
    ["truth", "second", "fake"]
        .into_iter()
        .map(|name| Box::new(Fake { name }) as Box<dyn Backend>)
        .collect()
}

/// The table: `truth` is the reference, `second` stands in for it.
pub(crate) fn table(backends: &[Box<dyn Backend>]) -> Vec<TableLine<'_>> {
    let duty = |name: &str| match name {
        "truth" => Duty::Reference("exact"),
        "second" => Duty::StandIn("1t"),
        _ => Duty::Compared,
    };
    backends
        .iter()
        .map(|backend| TableLine { backend: &**backend, duty: duty(backend.name()) })
        .collect()
}

struct Fake {
    name: &'static str,
}

impl Backend for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    fn variants(&self, _kernel: &Kernel, _dtype: DType) -> Vec<Variant> {
        let names: &[&str] = match self.name {
            "truth" => &["exact"],
            "second" => &["1t"],
            _ => &[
                "right",
                "killed",
                "hangs",
                "garbage",
                "short",
                "wrong",
                "unwritten",
                "missing",
                "extra",
                "stale",
                "noalloc",
                "exits",
                "panics",
                "lost",
                "refuses",
                "later",
                "unsteady",
                "drifts",
                "roams",
                "reversed",
                "gossip",
            ],
        };
        let variant = |name: &&str| Variant {
            name: (*name).to_owned(),
            doc: String::new(),
            promise: match *name {
                "drifts" | "roams" => Promise::Bounded,
                _ => Promise::Exact,
            },
            threaded: false,
        };
        names.iter().map(variant).collect()
    }

    fn adapters(&self) -> Result<Vec<Adapter>, Failure> {
        Ok(Vec::new())
    }

    fn prepare(&self, target: &Target<'_>) -> Result<Box<dyn Prepared>, Failure> {
        if target.variant == "refuses" {
            return Err(Failure::Unavailable("no such device; install one".into()));
        }
        let variant = target.variant.to_owned();
        let phases = vec![Phase { name: "compile", ns: 5 }];
        Ok(Box::new(Run { variant, calls: 0, phases, last: None }))
    }
}

struct Run {
    variant: String,
    calls: u32,
    phases: Vec<Phase>,
    last: Option<Value>,
}

impl Prepared for Run {
    fn phases(&self) -> &[Phase] {
        &self.phases
    }

    fn run(&mut self, arguments: Vec<Value>) -> Result<Outcome, Failure> {
        self.calls += 1;
        misbehave(&self.variant, self.calls)?;
        let values = arguments[0].as_array().unwrap();
        let (mut doubled, mut sum) = (arguments[1].as_array().unwrap().clone(), 0_i64);
        for index in 0..values.len() {
            let Some(Scalar::I32(value)) = values.get(index) else { unreachable!("an i32") };
            sum += i64::from(value);
            if !(self.variant == "unwritten" && index == 3) {
                doubled.set(index, Scalar::I32(2 * value));
            }
        }
        match self.variant.as_str() {
            "wrong" => doubled.set(5, Scalar::I32(9)),
            "later" if self.calls > 2 => doubled.set(5, Scalar::I32(9)),
            "unsteady" if self.calls > 1 => doubled.set(5, Scalar::I32(9)),
            "drifts" | "roams" if self.calls > 1 => doubled.set(5, Scalar::I32(11)),
            "reversed" => doubled = reversed(&doubled),
            "short" => doubled = Array::zeros(DType::I32, &[values.len() - 1, 1]),
            _ => {}
        }
        let mut outputs = vec![
            ("doubled".to_owned(), Value::Array(doubled)),
            ("result".to_owned(), Value::Scalar(Scalar::I64(sum))),
        ];
        match self.variant.as_str() {
            "missing" => drop(outputs.pop()),
            "extra" => outputs.push(("more".to_owned(), Value::Scalar(Scalar::I32(1)))),
            "stale" => {
                outputs[0].1 =
                    self.last.replace(outputs[0].1.clone()).unwrap_or(arguments[1].clone())
            }
            _ => {}
        }
        let phases = vec![Phase { name: "run", ns: 7 }];
        Ok(Outcome {
            outputs,
            wall_ns: 1000 + u64::from(self.calls),
            phases,
            back_edges: Some(vec![1]),
            facts: facts(&self.variant, self.calls),
        })
    }
}

fn reversed(array: &Array) -> Array {
    let mut turned = Array::zeros(array.dtype(), array.shape());
    for index in 0..array.len() {
        turned.set(index, array.get(array.len() - 1 - index).unwrap());
    }
    turned
}

fn facts(variant: &str, calls: u32) -> BTreeMap<String, f64> {
    let name = if variant == "gossip" { "rumours" } else { "calls" };
    BTreeMap::from([(name.to_owned(), f64::from(calls))])
}

fn misbehave(variant: &str, calls: u32) -> Result<(), Failure> {
    match variant {
        "killed" => kill_self(),
        "hangs" => loop {
            std::thread::sleep(Duration::from_secs(60));
        },
        "garbage" => {
            let noise = [
                b"no json\n\xff\xfe{\"id\":1}\n{\"id\":999999,\"response\":\"released\"}\n"
                    .as_slice(),
                &[b'x'; 100_000],
            ];
            std::io::stdout().write_all(&noise.concat()).unwrap();
        }
        "noalloc" => {
            let bytes = vec![1_u8; std::hint::black_box(1 << 46)];
            std::hint::black_box(bytes);
        }
        "exits" => std::process::exit(17),
        "panics" => panic!("planted panic of call {calls}"),
        "lost" => return Err(Failure::Lost("the device is gone".into())),
        _ => {}
    }
    Ok(())
}

/// Ends this process as `kill -9` would.
fn kill_self() {
    let id = std::process::id().to_string();
    let _ = std::process::Command::new("kill").args(["-9", &id]).status();
    std::thread::sleep(Duration::from_secs(10));
}
