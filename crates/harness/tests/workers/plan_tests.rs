//! Plans: rows in order, names that are nearly right, cases that are refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossover_contract::{ArgumentSpec, Failure, Formula, Instance};
use crossover_harness::protocol::AdapterCard;
use crossover_harness::{AdapterChoice, Adapters, HarnessError, Plan, Selection, Subject, plan};
use crossover_values::{DType, Param, ParamKind, Role};

use crate::fake;

/// Every test by name.
pub(crate) const ALL: &[(&str, fn())] = &[
    ("rows_come_in_the_order_of_the_table", rows_come_in_the_order_of_the_table),
    ("unknown_names_get_the_nearest_one", unknown_names_get_the_nearest_one),
    ("refused_cases_say_what_is_wrong", refused_cases_say_what_is_wrong),
    ("sweeps_make_cases_that_are_told_apart", sweeps_make_cases_that_are_told_apart),
    ("threads_are_swept_over_threaded_variants", threads_are_swept_over_threaded_variants),
    ("adapters_are_chosen_by_kind_or_by_name", adapters_are_chosen_by_kind_or_by_name),
    ("a_size_beyond_one_type_is_left_to_others", a_size_beyond_one_type_is_left_to_others),
];

fn planned(selection: &Selection, adapters: &Adapters) -> Result<Plan, HarnessError> {
    let backends = fake::backends();
    plan(&[fake::subject()], &fake::table(&backends), adapters, selection, Some(1 << 20))
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn rows_come_in_the_order_of_the_table() {
    let selection = Selection {
        default_sizes: strings(&["small", "book"]),
        variants: strings(&["1t", "exact"]),
        threads: 4,
        ..Selection::default()
    };
    let plan = planned(&selection, &Adapters::new()).unwrap();
    let names: Vec<String> = plan
        .cases
        .iter()
        .flat_map(|case| case.rows.iter().map(move |row| (case, row)))
        .map(|(case, row)| format!("{} {}", case.case.size, row.variant.name))
        .collect();
    assert_eq!(names, ["small exact", "small 1t", "book exact", "book 1t"]);
    assert_eq!(plan.row_count(), 4);
    assert!(plan.cases[0].rows.iter().all(|row| row.threads == 1), "none is threaded");
    assert_eq!(plan.cases[1].bytes, 800);
}

fn unknown_names_get_the_nearest_one() {
    let ask = |change: fn(&mut Selection)| {
        let mut selection = Selection { sizes: strings(&["small"]), ..Selection::default() };
        change(&mut selection);
        planned(&selection, &Adapters::new()).unwrap_err().to_string()
    };
    let size = ask(|selection| selection.sizes = strings(&["bok"]));
    assert_eq!(size, "unknown size `bok` (did you mean `book`?); known: book, small");
    let backend = ask(|selection| selection.backends = strings(&["trut"]));
    assert!(backend.contains("unknown backend `trut` (did you mean `truth`?)"), "{backend}");
    let variant = ask(|selection| selection.variants = strings(&["rigt"]));
    assert!(variant.contains("did you mean `right`?"), "{variant}");
    let far = ask(|selection| selection.variants = strings(&["zzzz"]));
    assert!(!far.contains("did you mean"), "{far}");
    let dtype = ask(|selection| selection.dtypes = vec!["f64".parse().unwrap()]);
    assert!(dtype.contains("unknown dtype `f64`"), "{dtype}");
    let adapter = ask(|selection| selection.adapters = strings(&["llvmpipe"]));
    assert!(adapter.contains("unknown adapter `llvmpipe`"), "{adapter}");
    let nothing = ask(|selection| {
        selection.backends = strings(&["fake"]);
        selection.variants = strings(&["exact"]);
    });
    assert!(nothing.contains("unknown variant `exact`"), "of another backend: {nothing}");
}

fn refused_cases_say_what_is_wrong() {
    let set = |n: f64| Selection {
        default_sizes: strings(&["small", "book"]),
        set: BTreeMap::from([("n".to_owned(), n.into())]),
        ..Selection::default()
    };
    let plan = planned(&set(50.0), &Adapters::new()).unwrap();
    assert_eq!((plan.cases.len(), plan.cases[0].case.size.as_str()), (1, "custom"));
    for bad in [0.0, -3.0, 2.5] {
        let error = planned(&set(bad), &Adapters::new()).unwrap_err().to_string();
        assert!(error.starts_with("double: n = "), "{error}");
    }
    let backends = fake::backends();
    let table = fake::table(&backends);
    let error = plan_with_memory(&table, &set(1000.0), 10_000).unwrap_err();
    assert!(matches!(error, HarnessError::Memory { needed: 32_000, .. }), "{error}");
    assert!(error.to_string().contains("choose a smaller size"), "{error}");
}

fn swept(sweeps: &[&str]) -> Selection {
    Selection {
        default_sizes: strings(&["small", "book"]),
        sweeps: sweeps.iter().map(|sweep| sweep.parse().unwrap()).collect(),
        threads: 3,
        ..Selection::default()
    }
}

fn sweeps_make_cases_that_are_told_apart() {
    let plan = planned(&swept(&["n=1..8"]), &Adapters::new()).unwrap();
    let sizes: Vec<&str> = plan.cases.iter().map(|case| case.case.size.as_str()).collect();
    assert_eq!(sizes, ["small n=1", "small n=2", "small n=4", "small n=8"]);
    assert_eq!(plan.cases[2].case.parameters["n"], 4.0);
    let both = Selection { sizes: strings(&["book", "small"]), ..swept(&["n=3,5"]) };
    let plan = planned(&both, &Adapters::new()).unwrap();
    let sizes: Vec<&str> = plan.cases.iter().map(|case| case.case.size.as_str()).collect();
    assert_eq!(sizes, ["book n=3", "book n=5", "small n=3", "small n=5"]);
    let refused = planned(&swept(&["n=4,0"]), &Adapters::new());
    assert!(refused.is_err());
    let error = planned(&swept(&["m=1,2"]), &Adapters::new()).unwrap_err().to_string();
    assert!(error.starts_with("unknown parameter `m`"), "{error}");
}

fn threads_are_swept_over_threaded_variants() {
    let plan = planned(&swept(&["threads=1,2,4"]), &Adapters::new()).unwrap();
    // The fake backends have no threaded variant: one number of threads says all of them.
    assert_eq!(plan.cases.len(), 1);
    assert_eq!(plan.cases[0].case.size, "small threads=1");
}

fn plan_with_memory(
    table: &[crossover_harness::TableLine<'_>],
    selection: &Selection,
    bytes: u64,
) -> Result<Plan, HarnessError> {
    plan(&[fake::subject()], table, &Adapters::new(), selection, Some(bytes))
}

/// The kernel with a second instance. Both take `n`: that of `i32` as a `u8`, that of `i64` whole.
fn two_instances() -> Subject {
    let mut subject = fake::subject();
    let mut kernel = fake::kernel();
    let narrow = kernel.definition.instances[0].clone();
    kernel.definition.instances.push(Instance { dtype: DType::I64, ..narrow });
    let value = Some(Formula::parse("n").unwrap());
    let by_value = ArgumentSpec { value, shape: None, each: None, block: None, philox: None };
    kernel.definition.arguments.insert("n".into(), by_value);
    subject.kernel = Arc::new(kernel);
    let arrays = subject.signatures[&DType::I32].clone();
    for (dtype, scalar) in [(DType::I32, DType::U8), (DType::I64, DType::I64)] {
        let mut signature = arrays.clone();
        let kind = ParamKind::Scalar(scalar);
        signature.params.push(Param { name: "n".into(), kind, role: Role::In });
        subject.signatures.insert(dtype, signature);
    }
    subject
}

fn a_size_beyond_one_type_is_left_to_others() {
    let backends = fake::backends();
    let table = fake::table(&backends);
    let planned = |sweep: &str, dtypes: &[DType]| {
        let dtypes = dtypes.to_vec();
        let selection = Selection { dtypes, variants: strings(&["exact"]), ..swept(&[sweep]) };
        plan(&[two_instances()], &table, &Adapters::new(), &selection, None)
    };
    let both = planned("n=200,300", &[]).unwrap();
    let cases: Vec<_> =
        both.cases.iter().map(|case| (case.dtype.name(), case.case.size.as_str())).collect();
    assert_eq!(cases, [("i32", "small n=200"), ("i64", "small n=200"), ("i64", "small n=300")]);
    let [left] = &both.unfit[..] else { panic!("one is left out: {:?}", both.unfit) };
    assert_eq!((left.dtype, left.size.as_str()), (DType::I32, "small n=300"));
    assert!(left.reason.to_string().contains("300 is no u8"), "{}", left.reason);
    assert_eq!(planned("n=300", &[DType::I64]).unwrap().cases.len(), 1);
    for named in [&[DType::I32][..], &[DType::I32, DType::I64]] {
        let error = planned("n=200,300", named).unwrap_err().to_string();
        assert_eq!(error, "double small n=300: [arguments.n]: 300 is no u8");
    }
}

fn adapters_are_chosen_by_kind_or_by_name() {
    let card = |slug: &str, software| AdapterCard {
        slug: slug.into(),
        name: slug.into(),
        driver: "1".into(),
        software,
    };
    let listed = |cards: Vec<AdapterCard>| Adapters::from([("second".to_owned(), Ok(cards))]);
    let places = |adapters: &Adapters, choice, named: &[&str]| -> Vec<String> {
        let selection = Selection {
            sizes: strings(&["small"]),
            backends: strings(&["second"]),
            adapters: strings(named),
            adapter_choice: choice,
            ..Selection::default()
        };
        let plan = planned(&selection, adapters).unwrap();
        let rows = plan.cases.iter().flat_map(|case| &case.rows);
        rows.map(|row| row.adapter.clone().unwrap_or_default()).collect()
    };
    let software = listed(vec![card("llvmpipe", true), card("swiftshader", true)]);
    assert_eq!(places(&software, AdapterChoice::All, &[]), ["llvmpipe", "swiftshader"]);
    assert_eq!(places(&software, AdapterChoice::Preferred, &[]), ["llvmpipe"]);
    assert_eq!(places(&software, AdapterChoice::Preferred, &["swiftshader"]), ["swiftshader"]);
    let mixed = listed(vec![card("llvmpipe", true), card("a", false), card("b", false)]);
    assert_eq!(places(&mixed, AdapterChoice::Preferred, &[]), ["a", "b"]);
    let none = Adapters::from([("second".to_owned(), Err(Failure::Unavailable("no".into())))]);
    assert_eq!(places(&none, AdapterChoice::All, &[]), [""]);
    assert_eq!(places(&none, AdapterChoice::All, &["gone"]), ["gone"]);
}
