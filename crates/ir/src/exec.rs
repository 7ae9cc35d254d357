//! The host-level interpreter, shared by every backend (rule 9 of the language).
//!
//! Host code runs on the host everywhere. What differs is what happens at a region, a serial
//! section or an allocation: a [`Device`] says. A CPU device runs them at once; a GPU device
//! records dispatches and may leave scalars on the device until [`Device::fetch`].

use crossover_values::{DType, Scalar};

use crate::{Code, HostNode, Kernel, Region, Serial, Span, Trap, VarId};

mod apart;
mod run;

pub use apart::Apart;
pub use run::run_host;

/// Position of a region or serial section in the pre-order of a kernel's host nodes; index into
/// [`units`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub usize);

/// A piece of lane code that a device compiles and launches.
#[derive(Clone, Copy, Debug)]
pub enum Unit<'k> {
    /// A parallel loop.
    Region(&'k Region),
    /// One invocation.
    Serial(&'k Serial),
}

impl<'k> Unit<'k> {
    /// Its lane code.
    pub fn code(self) -> &'k Code {
        match self {
            Unit::Region(region) => &region.code,
            Unit::Serial(serial) => &serial.code,
        }
    }

    /// Where it stands in the source.
    pub fn span(self) -> Span {
        match self {
            Unit::Region(region) => region.span,
            Unit::Serial(serial) => serial.span,
        }
    }
}

/// Every region and serial section of a kernel, in pre-order.
pub fn units(kernel: &Kernel) -> Vec<Unit<'_>> {
    let mut found = Vec::new();
    for node in &kernel.host {
        node.walk(&mut |node| match node {
            HostNode::Region(region) => found.push(Unit::Region(region)),
            HostNode::Serial(serial) => found.push(Unit::Serial(serial)),
            HostNode::Eval(_)
            | HostNode::Set { .. }
            | HostNode::If { .. }
            | HostNode::Loop { .. }
            | HostNode::For { .. }
            | HostNode::Break
            | HostNode::Continue
            | HostNode::Bind { .. }
            | HostNode::Zeros { .. }
            | HostNode::Return { .. } => {}
        });
    }
    found
}

/// The iterations of one axis of a region: `lo, lo + step, …`, `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisRange {
    /// First index, exact.
    pub lo: i128,
    /// Number of iterations.
    pub count: u64,
    /// Distance between indices.
    pub step: i64,
}

impl AxisRange {
    /// The iterations of `range(lo, hi, step)`, counted exactly; none if `step` is 0. `lo` and
    /// `hi` are values of integer types, so that the count always fits.
    pub fn new(lo: i128, hi: i128, step: i64) -> AxisRange {
        let distance = match step.signum() {
            1 => hi - lo,
            -1 => lo - hi,
            _ => 0,
        };
        let count = match u64::try_from(distance) {
            Ok(0) | Err(_) => 0,
            Ok(distance) => (distance - 1) / step.unsigned_abs() + 1,
        };
        AxisRange { lo, count, step }
    }

    /// Index of the iteration `position`, exact: always a value of the axis' type when `position`
    /// is below `count`.
    pub fn at(self, position: u64) -> i128 {
        self.lo + i128::from(position) * i128::from(self.step)
    }

    /// Number of iterations of a nest; `None` if it does not fit.
    pub fn total(axes: &[AxisRange]) -> Option<u64> {
        axes.iter().try_fold(1_u64, |total, axis| total.checked_mul(axis.count))
    }
}

/// An array at run time: a handle of the device with its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound<B> {
    /// The device's handle; equal handles are the same memory.
    pub buffer: B,
    /// Element type.
    pub dtype: DType,
    /// Extents, outermost first; each at most 2^31-1.
    pub shape: Vec<u64>,
}

/// What host level knows at a moment.
#[derive(Clone, Debug)]
pub struct HostState<B> {
    /// Values of [`Kernel::vars`]: `None` if never set, or if the device keeps it.
    pub vars: Vec<Option<Scalar>>,
    /// Bindings of [`Kernel::arrays`].
    pub arrays: Vec<Option<Bound<B>>>,
}

/// An argument of a kernel.
#[derive(Clone, Debug)]
pub enum Argument<B> {
    /// A scalar.
    Scalar(Scalar),
    /// An array.
    Array(Bound<B>),
}

/// What a kernel gives back.
#[derive(Clone, Debug)]
pub struct Output<B> {
    /// For each array parameter, in order, what its name is bound to at the end.
    pub params: Vec<Bound<B>>,
    /// The returned values.
    pub returned: Vec<Argument<B>>,
}

/// Where regions run and arrays live.
pub trait Device {
    /// Handle of an array's memory.
    type Buffer: Clone + Eq;
    /// The device's errors; traps are among them.
    type Error: From<Trap>;

    /// Makes an array of zeros.
    fn zeros(
        &mut self,
        dtype: DType,
        shape: &[u64],
        span: Span,
    ) -> Result<Self::Buffer, Self::Error>;

    /// Runs a region. Aliasing was checked, no axis is empty (a region with an empty axis is not
    /// run at all, and leaves its reduction targets as they were), and [`AxisRange::total`] of
    /// `axes` fits. On return every reduction target is
    /// set in `state`, or `None` there and kept on the device.
    fn region(
        &mut self,
        unit: UnitId,
        region: &Region,
        axes: &[AxisRange],
        state: &mut HostState<Self::Buffer>,
    ) -> Result<(), Self::Error>;

    /// Runs a serial section; variables it assigns are set in `state` or kept, as above.
    fn serial(
        &mut self,
        unit: UnitId,
        serial: &Serial,
        state: &mut HostState<Self::Buffer>,
    ) -> Result<(), Self::Error>;

    /// Host code reads a variable that the device keeps: waits for it. The caller puts the value
    /// into `state`.
    fn fetch(
        &mut self,
        var: VarId,
        state: &mut HostState<Self::Buffer>,
    ) -> Result<Scalar, Self::Error>;

    /// Called once per executed host node and once per iteration of a host loop, for budgets,
    /// counts and cancellation.
    fn step(&mut self, span: Span) -> Result<(), Self::Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trip_counts_are_exact() {
        let count = |lo, hi, step| AxisRange::new(lo, hi, step).count;
        assert_eq!((count(0, 10, 3), count(0, 9, 3), count(5, 5, 1), count(6, 5, 1)), (4, 3, 0, 0));
        assert_eq!((count(10, 0, -3), count(0, 10, -1)), (4, 0));
        assert_eq!(count(0, i128::from(u64::MAX), 1), u64::MAX);
        let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
        assert_eq!(count(least, most, 1), u64::MAX);
        assert_eq!(count(most, least, i64::MIN), 2);
        assert_eq!(count(0, 5, 0), 0);
        assert_eq!(AxisRange::new(most, least, i64::MIN).at(1), -1);
    }

    #[test]
    fn totals_that_do_not_fit_are_noticed() {
        let axis = AxisRange::new(0, 1 << 31, 1);
        assert_eq!(AxisRange::total(&[axis, axis]), Some(1 << 62));
        assert_eq!(AxisRange::total(&[axis, axis, axis]), None);
    }
}
