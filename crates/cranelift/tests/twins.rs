//! Units that differ in nothing but names run the same machine code, each on its own arrays and
//! host variables, and each reports its own errors.

mod common;

use common::{agree, array_of, compiled, compiled_with, in_lanes, outputs};
use crossover_cranelift::{Bounds, Compiled, Lanes, Options, Threads};
use crossover_ir::{Span, TrapKind};
use crossover_values::{Array, DType, Scalar, Value};

/// A region `to[i] = from[at[i]] + k + constant`; its spans begin at `place`.
struct Gather {
    to: &'static str,
    from: &'static str,
    at: &'static str,
    k: &'static str,
    constant: i32,
    place: u32,
}

/// A region over names: the array stored to, the two loaded from, and the host variable.
fn gather(to: &'static str, from: &'static str, at: &'static str, k: &'static str) -> Gather {
    Gather { to, from, at, k, constant: 1, place: 0 }
}

impl Gather {
    fn text(&self) -> String {
        let Gather { to, from, at, k, constant, place } = self;
        let end = place + 3;
        format!(
            "region !0:{place}..{end} {{
              var %i: i32
              axis %i = v0 to v1 step 1
              body {{
                v0: i32 = get %i
                v1: i32 = load @{at} [v0]
                v2: i32 = load @{from} [v1] !0:{place}..{end}
                v3: i32 = host %{k}
                v4: i32 = add v2 v3
                v5: i32 = const {constant}
                v6: i32 = add v4 v5
                store @{to} [v0] = v6
              }}
            }}\n"
        )
    }
}

/// A kernel of units over the extent of `@c`; `@e` is another name of what `@a` means.
fn kernel(units: &[String]) -> String {
    let source = "0123456789".repeat(10);
    format!(
        "source \"k.py\" \"{source}\"
        kernel k {{
          array @a: i32[:]
          array @b: i32[:]
          array @c: i32[:]
          array @d: i32[:]
          array @e: i32[:]
          var %j: i32
          var %k: i32
          params (@a, @b, @c, @d, %j, %k)
          returns (i32, i32)
          host {{
            v0: i32 = const 0
            v1: i32 = extent @c 0
            bind (@e = @a)
            {}
            v2: i32 = get %j
            v3: i32 = get %k
            return (v2, v3)
          }}
        }}",
        units.concat()
    )
}

fn of_gathers(gathers: &[Gather]) -> String {
    kernel(&gathers.iter().map(Gather::text).collect::<Vec<_>>())
}

/// Which units have machine code of their own.
fn own(kernel: &Compiled) -> Vec<bool> {
    kernel.units().iter().map(|unit| unit.code_size > 0).collect()
}

fn i32s(values: impl IntoIterator<Item = i32>) -> Value {
    let scalars: Vec<Scalar> = values.into_iter().map(Scalar::I32).collect();
    Value::Array(array_of(DType::I32, &scalars))
}

/// `@a` of 40 and `@b` of 50 elements, indices into each other and into themselves but for what
/// `a` holds at 30; `@c` and `@d` of 37.
fn arguments(strange: i32) -> Vec<Value> {
    let index = |n: i32| move |i: i32| (i * 7 + 3) % n;
    let mut a: Vec<i32> = (0..40).map(index(40)).collect();
    a[30] = strange;
    let zeros = Value::Array(Array::zeros(DType::I32, &[37]));
    let scalar = |x| Value::Scalar(Scalar::I32(x));
    vec![i32s(a), i32s((0..50).map(index(40))), zeros.clone(), zeros, scalar(-4), scalar(90)]
}

/// A region over one axis, whose body has the position in `v0`.
fn over_i(body: &str) -> String {
    format!(
        "region {{
          var %i: i32
          axis %i = v0 to v1 step 1
          body {{
            v0: i32 = get %i
            {body}
          }}
        }}\n"
    )
}

/// Every way to compile and to run.
fn ways() -> Vec<(Options, usize)> {
    let mut ways = Vec::new();
    for lanes in [Lanes::Off, Lanes::Paying, Lanes::All, Lanes::Inner] {
        for bounds in [Bounds::Checked, Bounds::Unchecked] {
            for (threads, count) in [(Threads::One, 1), (Threads::Many, 1), (Threads::Many, 2)] {
                ways.push((Options { bounds, lanes, threads }, count));
            }
        }
    }
    ways
}

#[test]
fn a_renaming_shares_code_and_everything_else_does_not() {
    let first = || gather("c", "a", "b", "j");
    let cases = [
        ("other names", gather("d", "e", "b", "k"), true),
        ("names swapped", gather("d", "b", "a", "j"), true),
        ("names and places", Gather { place: 40, ..gather("d", "b", "e", "k") }, true),
        ("names merged", gather("d", "a", "a", "j"), false),
        ("the array stored to is loaded from", gather("d", "a", "d", "j"), false),
        ("another constant", Gather { constant: 2, ..gather("d", "a", "b", "j") }, false),
    ];
    for (what, second, shares) in cases {
        let text = of_gathers(&[first(), second]);
        for lanes in [Lanes::Off, Lanes::All] {
            let kernel = compiled_with(&text, &in_lanes(lanes));
            assert_eq!(own(&kernel), [true, !shares], "{what}, {lanes:?}");
        }
        agree(&text, &ways(), [arguments(5), arguments(45), arguments(1000)]);
    }
}

#[test]
fn one_array_twice_shares_with_one_array_twice() {
    let text = of_gathers(&[gather("c", "a", "a", "j"), gather("d", "b", "b", "k")]);
    assert_eq!(own(&compiled(&text)), [true, false]);
    agree(&text, &ways(), [arguments(5), arguments(45)]);
}

#[test]
fn another_type_is_other_code() {
    let unsigned = |text: &str| text.replace("@b: i32", "@b: u32");
    let [plain, mixed] = ["i32", "u32"].map(|dtype| {
        let unit = |array: &str, dtype: &str| {
            over_i(&format!(
                "v1: {dtype} = load @{array} [v0]
                 v2: {dtype} = shr v1 v1
                 store @{array} [v0] = v2"
            ))
        };
        kernel(&[unit("a", "i32"), unit("b", dtype)])
    });
    assert_eq!(own(&compiled(&plain)), [true, false]);
    assert_eq!(own(&compiled(&unsigned(&mixed))), [true, true]);
}

#[test]
fn an_error_of_the_second_call_is_the_second_calls() {
    let second = Gather { place: 60, ..gather("d", "b", "a", "k") };
    let text = of_gathers(&[Gather { place: 20, ..gather("c", "a", "b", "j") }, second]);
    for (options, count) in ways() {
        if options.bounds == Bounds::Unchecked {
            continue;
        }
        let kernel = compiled_with(&text, &options);
        assert_eq!(own(&kernel), [true, false], "{options:?}");
        let trap = outputs(kernel.kernel(), &kernel, &arguments(1000), count).unwrap_err();
        let (array, index) = ("b".to_owned(), Scalar::I32(1000));
        assert_eq!(trap.kind, TrapKind::OutOfBounds { array, axis: 0, index, extent: 50 });
        assert_eq!(trap.span, Span { file: 0, start: 60, end: 63 }, "{options:?}");
        assert_eq!(trap.iteration, Some(30), "{options:?}");
    }
}

/// A region of many operations, whose scalar code is worth a function of its own in lanes.
fn long(array: &str, var: &str) -> String {
    let step =
        |n: usize| format!("v{}: i32 = mul v{n} v0\nv{}: i32 = sub v{} v1\n", n + 1, n + 2, n + 1);
    let steps: String = (2..142).step_by(2).map(step).collect();
    over_i(&format!(
        "v1: i32 = host %{var}
         v2: i32 = load @{array} [v0]
         {steps}
         store @{array} [v0] = v142"
    ))
}

#[test]
fn long_bodies_share_all_of_their_functions() {
    let text = kernel(&[long("b", "j"), long("a", "k")]);
    for lanes in [Lanes::Off, Lanes::All] {
        assert_eq!(own(&compiled_with(&text, &in_lanes(lanes))), [true, false], "{lanes:?}");
    }
    agree(&text, &ways(), [arguments(5)]);
}

/// A region that notes the greatest element of an array, if it is above what `best` was.
fn greatest(array: &str, best: &str) -> String {
    format!(
        "region {{
          var %i: i32
          reduce r0 = argmax i32 region %{best}
          axis %i = v0 to v1 step 1
          body {{
            v0: i32 = get %i
            v1: i32 = load @{array} [v0]
            reduce r0 v1
          }}
        }}\n"
    )
}

/// A serial section that adds an element to a host variable.
fn add(array: &str, var: &str) -> String {
    format!(
        "serial {{
          body {{
            v0: i32 = const 7
            v1: i32 = load @{array} [v0]
            v2: i32 = host %{var}
            v3: i32 = add v1 v2
            sethost %{var} = v3
          }}
        }}\n"
    )
}

#[test]
fn results_go_to_each_units_own_variables() {
    for [one, two] in [[greatest("a", "j"), greatest("b", "k")], [add("b", "k"), add("a", "j")]] {
        let text = kernel(&[one, two]);
        assert_eq!(own(&compiled(&text)), [true, false], "{text}");
        agree(&text, &ways(), [arguments(5), arguments(1000)]);
    }
}

#[test]
fn what_is_shown_of_a_twin_is_whose_code_it_runs() {
    let text = of_gathers(&[gather("c", "a", "b", "j"), gather("d", "b", "a", "k")]);
    let kernel = compiled(&text);
    assert!(kernel.clif().ends_with("; the function of unit0\n"), "{}", kernel.clif());
    let assembly = kernel.disassembly();
    assert!(assembly.ends_with("unit1: line 1, that of unit0\n"), "{assembly}");
    assert_eq!(kernel.units()[0].code_size, kernel.code_size());
}
