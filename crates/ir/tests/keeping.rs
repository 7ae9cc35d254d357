//! Kernels rewritten for devices that keep scalars, on a device that does: it forgets nothing it
//! was told, shows host code nothing it was not asked for, and counts how often it is asked.

use std::collections::BTreeSet;
use std::path::Path;

use crossover_ir::analysis::{device_kept, for_gpu};
use crossover_ir::fixture::load_fixtures;
use crossover_ir::reference::Reference;
use crossover_ir::{
    Apart, Argument, AxisRange, Device, HostState, Kernel, Module, Region, Serial, Span, Trap,
    UnitId, Valid, VarId, run_host, validate,
};
use crossover_values::{DType, Scalar, Value};

/// The reference evaluator with device-kept variables out of the host's sight.
struct Keeping {
    inner: Reference,
    kept: BTreeSet<VarId>,
    memory: Vec<Option<Scalar>>,
    fetches: usize,
}

impl Keeping {
    fn new(kernel: &Kernel) -> Keeping {
        Keeping {
            inner: Reference::new(kernel),
            kept: device_kept(kernel),
            memory: vec![None; kernel.vars.len()],
            fetches: 0,
        }
    }

    /// Runs something of the inner device with all variables in place, then hides them again.
    fn with_memory(
        &mut self,
        state: &mut HostState<usize>,
        run: impl FnOnce(&mut Reference, &mut HostState<usize>) -> Result<(), Trap>,
    ) -> Result<(), Trap> {
        for (var, kept) in state.vars.iter_mut().zip(&self.memory) {
            *var = var.or(*kept);
        }
        run(&mut self.inner, state)?;
        for var in &self.kept {
            self.memory[var.0 as usize] = state.vars[var.0 as usize].take();
        }
        Ok(())
    }
}

impl Device for Keeping {
    type Buffer = usize;
    type Error = Trap;

    fn zeros(&mut self, dtype: DType, shape: &[u64], span: Span) -> Result<usize, Trap> {
        self.inner.zeros(dtype, shape, span)
    }

    fn region(
        &mut self,
        unit: UnitId,
        region: &Region,
        axes: &[AxisRange],
        state: &mut HostState<usize>,
    ) -> Result<(), Trap> {
        self.with_memory(state, |inner, state| inner.region(unit, region, axes, state))
    }

    fn serial(
        &mut self,
        unit: UnitId,
        serial: &Serial,
        state: &mut HostState<usize>,
    ) -> Result<(), Trap> {
        self.with_memory(state, |inner, state| inner.serial(unit, serial, state))
    }

    fn fetch(&mut self, var: VarId, _: &mut HostState<usize>) -> Result<Scalar, Trap> {
        self.fetches += 1;
        Ok(self.memory[var.0 as usize].expect("only a kept variable is fetched"))
    }

    fn step(&mut self, _: Span) -> Result<(), Trap> {
        Ok(())
    }
}

fn for_devices(module: &Valid<Module>) -> Valid<Module> {
    let mut module = (**module).clone();
    module.kernels = module.kernels.iter().map(for_gpu).collect();
    validate(module).unwrap_or_else(|error| panic!("{error}"))
}

/// Returned scalars, or the error, with the number of fetches.
fn run(
    module: &Valid<Module>,
    kernel: usize,
    values: &[Value],
) -> (Result<Vec<Scalar>, Trap>, usize) {
    let mut device = Keeping::new(&module.kernels[kernel]);
    let arguments: Vec<Argument<usize>> = values
        .iter()
        .map(|value| match value {
            Value::Scalar(scalar) => Argument::Scalar(*scalar),
            Value::Array(array) => Argument::Array(device.inner.upload(array.clone())),
        })
        .collect();
    let apart = Apart::of(&module.kernels[kernel]);
    let scalars = run_host(module, kernel, &apart, &mut device, &arguments).map(|output| {
        let scalars = output.returned.iter().filter_map(|returned| match returned {
            Argument::Scalar(scalar) => Some(*scalar),
            Argument::Array(_) => None,
        });
        scalars.collect()
    });
    (scalars, device.fetches)
}

#[test]
fn kept_scalars_are_asked_for_only_where_the_host_must_wait() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/ir");
    let mut fetched = 0;
    for (stem, fixture) in load_fixtures(&folder).unwrap() {
        // The op tables have no host-level scalars.
        if stem.starts_with("ops_") {
            continue;
        }
        let module = for_devices(&fixture.module);
        for test in &fixture.runs {
            let (kept, fetches) = run(&module, test.kernel, &test.arguments);
            let (plain, _) = run(&fixture.module, test.kernel, &test.arguments);
            fetched += fetches;
            match (kept, plain) {
                (Ok(kept), Ok(plain)) => {
                    let same = |(a, b): (&Scalar, &Scalar)| crossover_values::compare::same(*a, *b);
                    assert!(kept.iter().zip(&plain).all(same), "{stem} line {}", test.line);
                }
                (Err(kept), Err(plain)) => assert_eq!(kept, plain, "{stem} line {}", test.line),
                (kept, plain) => panic!("{stem} line {}: {kept:?} {plain:?}", test.line),
            }
        }
    }
    assert!(fetched > 0, "no fixture made the host wait");
}

/// Steps of a time loop whose reduction stays on the device: one fetch, at the return.
#[test]
fn a_reduction_in_a_loop_does_not_stop_it() {
    let text = "kernel k { array @x: f32[:] var %n: i32 var %k: i32 var %s: f32 var %t: f32
      params (@x, %n) returns (f32) host {
        v0: i32 = const 0 v1: i32 = get %n v2: i32 = extent @x 0 v3: f32 = const 0.0
        set %t = v3
        for %k = v0 to v1 step 1 {
          set %s = v3
          region { var %i: i32 reduce r0 = add f32 region %s axis %i = v0 to v2 step 1 body {
            v0: i32 = get %i v1: f32 = load @x [v0] reduce r0 v1 } }
          v4: f32 = get %s v5: f32 = get %t v6: f32 = add v4 v5 set %t = v6
        }
        v7: f32 = get %t
        return (v7)
      } }
# run: k(f32[3]{1.0, 2.0, 3.0}, i32 50) -> f32 300.0
";
    let fixture = crossover_ir::fixture::parse_fixture(text).unwrap();
    let module = for_devices(&fixture.module);
    let (result, fetches) = run(&module, 0, &fixture.runs[0].arguments);
    assert_eq!((result, fetches), (Ok(vec![Scalar::F32(300.0)]), 1));
    let (result, fetches) = run(&fixture.module, 0, &fixture.runs[0].arguments);
    assert_eq!(result, Ok(vec![Scalar::F32(300.0)]));
    assert!(fetches > 50, "the plain form waits in every step");
}
