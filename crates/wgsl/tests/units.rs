//! Whole units, built by hand: maps, reductions, atomics, packed bytes, serial sections.

mod common;

use common::{Builder, checked, kernel, try_generate};
use crossover_ir::{AtomicOp, Op, ReduceOp, Region, Stmt, Unit};
use crossover_values::{DType, Scalar};
use crossover_wgsl::{
    Access, BindingKind, Dispatch, Grid, Limits, Role, Stored, UniformValue, Unsupported,
};

/// The escape-time loop of a Julia set: `while` with two tests, private variables, two axes.
fn julia() -> (crossover_ir::Kernel, Region) {
    let kernel = kernel(
        &[("counts", DType::I32, 2), ("x", DType::F32, 1), ("y", DType::F32, 1)],
        &[("c_re", DType::F32), ("c_im", DType::F32), ("max_iterations", DType::I32)],
    );
    let f = DType::F32;
    let mut b = Builder::new();
    let (row, column) = (b.var("row", DType::I32), b.var("column", DType::I32));
    let (re, im, n) = (b.var("a", f), b.var("b", f), b.var("n", DType::I32));
    let index = b.get(column);
    let value = b.load(1, f, &[index]);
    b.set(re, value);
    let index = b.get(row);
    let value = b.load(2, f, &[index]);
    b.set(im, value);
    let zero = b.i32(0);
    b.set(n, zero);
    let mut cond = None;
    let header = b.block(|b| {
        let (a, c) = (b.get(re), b.get(re));
        let aa = b.op(Op::Mul, f, &[a, c]);
        let (d, e) = (b.get(im), b.get(im));
        let bb = b.op(Op::Mul, f, &[d, e]);
        let size = b.op(Op::Add, f, &[aa, bb]);
        let four = b.constant(Scalar::F32(4.0));
        let inside = b.op(Op::Lt, DType::Bool, &[size, four]);
        let (count, most) = (b.get(n), b.host(2, DType::I32));
        let left = b.op(Op::Lt, DType::Bool, &[count, most]);
        cond = Some(b.op(Op::And, DType::Bool, &[inside, left]));
    });
    let body = b.block(|b| {
        let (a, c) = (b.get(re), b.get(re));
        let aa = b.op(Op::Mul, f, &[a, c]);
        let (d, e) = (b.get(im), b.get(im));
        let bb = b.op(Op::Mul, f, &[d, e]);
        let difference = b.op(Op::Sub, f, &[aa, bb]);
        let c_re = b.host(0, f);
        let next = b.op(Op::Add, f, &[difference, c_re]);
        let (a, d) = (b.get(re), b.get(im));
        let ab = b.op(Op::Mul, f, &[a, d]);
        let two = b.constant(Scalar::F32(2.0));
        let twice = b.op(Op::Mul, f, &[ab, two]);
        let c_im = b.host(1, f);
        let im_next = b.op(Op::Add, f, &[twice, c_im]);
        b.set(re, next);
        b.set(im, im_next);
        let (count, one) = (b.get(n), b.i32(1));
        let more = b.op(Op::Add, DType::I32, &[count, one]);
        b.set(n, more);
    });
    let span = crossover_ir::Span::default();
    b.push(Stmt::Loop { header, cond, body, continuing: Vec::new(), span });
    let (i, j, count) = (b.get(row), b.get(column), b.get(n));
    b.store(0, &[i, j], count);
    (kernel, b.region(&[(row, 1), (column, 1)]))
}

#[test]
fn julia_is_a_map_in_tiles() {
    let (kernel, region) = julia();
    let shader = checked(&kernel, &[], Unit::Region(&region));
    assert_eq!(shader.grid, Grid::Tiles { rows: 8, columns: 8 });
    insta::assert_snapshot!(shader.source);
}

#[test]
fn bindings_say_what_the_host_binds() {
    let (kernel, region) = julia();
    let shader = checked(&kernel, &[], Unit::Region(&region));
    let BindingKind::Uniform(layout) = &shader.bindings[0].kind else { panic!("no uniform") };
    let offset = |what| layout.fields.iter().find(|field| field.what == what).unwrap().offset;
    assert_eq!(offset(UniformValue::First(1)), 4);
    assert_eq!(offset(UniformValue::HostScalar(crossover_ir::VarId(1))) % 4, 0);
    assert_eq!(layout.size % 16, 0);
    let access = |at: usize| match shader.bindings[at].kind {
        BindingKind::Array { access, .. } => access,
        _ => panic!("no array"),
    };
    assert_eq!([access(1), access(2), access(3)], [Access::ReadWrite, Access::Read, Access::Read]);
}

/// `for i in prange(n): total += v[i]` of a type.
fn sum(dtype: DType, op: ReduceOp) -> (crossover_ir::Kernel, Region) {
    let kernel = kernel(&[("v", dtype, 1)], &[("total", dtype), ("n", DType::I32)]);
    let mut b = Builder::new();
    let i = b.var("i", DType::I32);
    let reduce = b.reduce(op, dtype, 0, &[]);
    let index = b.get(i);
    let value = b.load(0, dtype, &[index]);
    b.contribute(reduce, value, &[]);
    (kernel, b.region(&[(i, 1)]))
}

#[test]
fn float_sum_follows_the_order_of_the_language() {
    let (kernel, region) = sum(DType::F32, ReduceOp::Add);
    let shader = checked(&kernel, &[0], Unit::Region(&region));
    assert_eq!(shader.grid, Grid::Flat { per_group: 4 * 4096 });
    assert_eq!(shader.loop_budget.iterations, 256);
    let roles: Vec<Role> = shader.entry_points.iter().map(|entry| entry.role).collect();
    assert_eq!(roles, [Role::Main, Role::Finish]);
    insta::assert_snapshot!(shader.source);
}

#[test]
fn every_reduction_of_every_type_is_valid() {
    use ReduceOp::{Add, And, Max, Min, Or, Xor};
    let floats = [DType::F32, DType::F64].into_iter();
    let ints = [DType::I32, DType::U32, DType::I64, DType::U64].into_iter();
    let cases = floats.flat_map(|dtype| [Add, Min, Max].map(|op| (dtype, op)));
    let cases =
        cases.chain(ints.flat_map(|dtype| [Add, Min, Max, Or, Xor, And].map(|op| (dtype, op))));
    let cases = cases.chain([Or, Xor, And].map(|op| (DType::Bool, op)));
    for (dtype, op) in cases {
        let (kernel, region) = sum(dtype, op);
        let shader = checked(&kernel, &[0], Unit::Region(&region));
        let partials = shader.bindings.iter().find_map(|binding| match binding.kind {
            BindingKind::ReducePartials { stored_as, slots } => Some((stored_as, slots)),
            _ => None,
        });
        assert_eq!(partials, Some((Stored::scalar(dtype), 1)));
    }
}

#[test]
fn a_target_that_is_not_kept_is_refused() {
    let (kernel, region) = sum(DType::F32, ReduceOp::Add);
    let error = try_generate(&kernel, &[], Unit::Region(&region)).unwrap_err();
    assert_eq!(error, Unsupported::NotDeviceKept { name: "total".to_owned() });
}

#[test]
fn argument_of_the_maximum_carries_the_iteration() {
    let kernel = kernel(&[("v", DType::F32, 2)], &[("best", DType::F32), ("at", DType::I32)]);
    let mut b = Builder::new();
    let (i, j) = (b.var("i", DType::I32), b.var("j", DType::I32));
    let reduce = b.reduce(ReduceOp::ArgMax, DType::F32, 0, &[1]);
    let (row, column) = (b.get(i), b.get(j));
    let value = b.load(0, DType::F32, &[row, column]);
    let payload = b.get(j);
    b.contribute(reduce, value, &[payload]);
    let region = b.region(&[(i, 1), (j, -2)]);
    let shader = checked(&kernel, &[0, 1], Unit::Region(&region));
    assert_eq!(shader.grid, Grid::Flat { per_group: 4096 });
    insta::assert_snapshot!(shader.source);
}

#[test]
fn atomics_and_packed_bytes() {
    let kernel =
        kernel(&[("bins", DType::U32, 1), ("bytes", DType::U8, 1), ("flags", DType::Bool, 1)], &[]);
    let mut b = Builder::new();
    let i = b.var("i", DType::U32);
    let index = b.get(i);
    let byte = b.load(1, DType::U32, &[index]);
    let one = b.constant(Scalar::U32(1));
    b.atomic(AtomicOp::Add, 0, DType::U32, byte, &[one]);
    let (index, zero) = (b.get(i), b.constant(Scalar::U32(0)));
    let old = b.atomic(AtomicOp::CompareExchange, 0, DType::U32, index, &[zero, one]);
    let done = b.op(Op::Eq, DType::Bool, &[old, zero]);
    let index = b.get(i);
    b.store(2, &[index], done);
    let region = b.region(&[(i, 1)]);
    let shader = checked(&kernel, &[], Unit::Region(&region));
    let classes: Vec<_> = shader
        .bindings
        .iter()
        .filter_map(|binding| match binding.kind {
            BindingKind::Array { access, stored_as, .. } => Some((access, stored_as)),
            _ => None,
        })
        .collect();
    let expected = [
        (Access::Atomic, Stored::Word32),
        (Access::Read, Stored::PackedU8),
        (Access::ReadWrite, Stored::PackedU8),
    ];
    assert_eq!(classes, expected);
    insta::assert_snapshot!(shader.source);
}

#[test]
fn loops_unroll_or_count_and_scratch_is_private() {
    let kernel = kernel(&[("out", DType::I32, 1)], &[("n", DType::I32)]);
    let mut b = Builder::new();
    let (i, k, m, s) = (
        b.var("i", DType::I32),
        b.var("k", DType::I32),
        b.var("m", DType::I32),
        b.var("s", DType::I32),
    );
    let table = b.scratch("table", DType::I32, 4);
    b.push(Stmt::ScratchZero(table));
    let (lo, hi) = (b.i32(0), b.i32(4));
    let body = b.block(|b| {
        let (index, three) = (b.get(k), b.i32(3));
        let value = b.op(Op::Mul, DType::I32, &[index, three]);
        let index = b.get(k);
        b.push(Stmt::ScratchStore {
            scratch: table,
            index,
            value,
            span: crossover_ir::Span::default(),
        });
    });
    b.counted(k, lo, hi, 1, body);
    let zero = b.i32(0);
    b.set(s, zero);
    let (lo, hi) = (b.host(0, DType::I32), b.i32(-7));
    let body = b.block(|b| {
        let (sum, index) = (b.get(s), b.get(m));
        let three = b.i32(3);
        let index = b.op(Op::And, DType::I32, &[index, three]);
        let kind = crossover_ir::InstKind::ScratchLoad { scratch: table, index };
        let value = b.inst(kind, DType::I32);
        let sum = b.op(Op::Add, DType::I32, &[sum, value]);
        b.set(s, sum);
        let (index, limit) = (b.get(m), b.i32(-5));
        let stop = b.op(Op::Lt, DType::Bool, &[index, limit]);
        let then = b.block(|b| b.push(Stmt::Break));
        b.when(stop, then, Vec::new());
    });
    b.counted(m, lo, hi, -3, body);
    let (index, sum) = (b.get(i), b.get(s));
    b.store(0, &[index], sum);
    let region = b.region(&[(i, 1)]);
    insta::assert_snapshot!(checked(&kernel, &[], Unit::Region(&region)).source);
}

#[test]
fn a_switch_with_a_break_of_the_loop_around_it() {
    let kernel = kernel(&[("out", DType::I32, 1)], &[]);
    for jump in [None, Some(Stmt::Break), Some(Stmt::Continue), Some(Stmt::Return)] {
        let mut b = Builder::new();
        let (i, k) = (b.var("i", DType::I32), b.var("k", DType::I32));
        let (lo, hi) = (b.i32(0), b.i32(100));
        let body = b.block(|b| {
            let selector = b.get(k);
            let case = b.block(|b| {
                let (index, value) = (b.get(i), b.i32(7));
                b.store(0, &[index], value);
                jump.iter().for_each(|stmt| b.push(stmt.clone()));
            });
            let span = crossover_ir::Span::default();
            let cases = vec![(i64::from(i32::MIN), case), (-1, Vec::new())];
            b.push(Stmt::Switch { selector, cases, default: Vec::new(), span });
        });
        b.counted(k, lo, hi, 1, body);
        let region = b.region(&[(i, 1)]);
        let source = checked(&kernel, &[], Unit::Region(&region)).source;
        let plain = !matches!(jump, Some(Stmt::Break | Stmt::Continue));
        assert_eq!(source.contains("switch"), plain, "{source}");
    }
}

#[test]
fn a_serial_section_is_one_invocation() {
    let kernel = kernel(&[("v", DType::F32, 1)], &[("mean", DType::F32), ("n", DType::I32)]);
    let mut b = Builder::new();
    let mean = b.host(0, DType::F32);
    let n = b.host(1, DType::I32);
    let count = b.op(Op::CastNearest, DType::F32, &[n]);
    let mean = b.op(Op::Div, DType::F32, &[mean, count]);
    b.push(Stmt::HostSet { var: crossover_ir::VarId(0), value: mean });
    let (zero, now) = (b.i32(0), b.host(0, DType::F32));
    b.store(0, &[zero], now);
    let serial = b.serial();
    let shader = checked(&kernel, &[0], Unit::Serial(&serial));
    assert_eq!(shader.grid, Grid::Single);
    insta::assert_snapshot!(shader.source);
}

#[test]
fn grids_split_without_gap_or_overlap() {
    let covered = |grid: Grid, counts: &[u64], axis, most| {
        let list = grid.dispatches(counts, axis, most).unwrap();
        let mut seen = std::collections::BTreeMap::new();
        for Dispatch { groups, first } in &list {
            assert!(groups[0] <= axis && groups[1] <= axis);
            for y in 0..groups[1] {
                for x in 0..groups[0] {
                    let place = match grid {
                        Grid::Flat { per_group } => (first[0] / per_group + y * groups[0] + x, 0),
                        Grid::Tiles { rows, columns } => {
                            (first[0] / rows + y, first[1] / columns + x)
                        }
                        Grid::Single => (0, 0),
                    };
                    *seen.entry(place).or_insert(0) += 1;
                }
            }
        }
        seen
    };
    for (total, axis, most) in [(1000u64, 7, 1000), (1000, 7, 20), (64, 65_535, 1), (1, 3, 9)] {
        let grid = Grid::Flat { per_group: 4 };
        let seen = covered(grid, &[total], axis, most);
        let needed = grid.groups(&[total]).unwrap();
        assert!((0..needed).all(|at| seen.get(&(at, 0)) == Some(&1)), "{total} {axis} {most}");
    }
    let tiles = Grid::Tiles { rows: 8, columns: 8 };
    let seen = covered(tiles, &[100, 50], 5, 12);
    assert_eq!(seen.len(), 13 * 7);
    assert!(seen.values().all(|&times| times == 1));
    assert!(tiles.groups(&[1 << 20, 1 << 20]).is_err());
}

#[test]
fn too_many_arrays_say_how_many() {
    let names: Vec<String> = (0..9).map(|at| format!("a{at}")).collect();
    let arrays: Vec<_> = names.iter().map(|name| (name.as_str(), DType::F32, 1)).collect();
    let kernel = kernel(&arrays, &[]);
    let mut b = Builder::new();
    let i = b.var("i", DType::I32);
    for at in 0..9 {
        let (index, value) = (b.get(i), b.constant(Scalar::F32(1.0)));
        b.store(at, &[index], value);
    }
    let region = b.region(&[(i, 1)]);
    let error = try_generate(&kernel, &[], Unit::Region(&region)).unwrap_err();
    let limit = Limits::default().storage_buffers;
    assert_eq!(error, Unsupported::TooManyBindings { needed: 9, limit });
}
