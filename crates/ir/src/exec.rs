//! The host-level interpreter, shared by every backend (rule 9 of the language).
//!
//! Host code runs on the host everywhere. What differs is what happens at a region, a serial
//! section or an allocation: a [`Device`] says. A CPU device runs them at once; a GPU device
//! records dispatches and may leave scalars on the device until [`Device::fetch`].

use crossover_values::{DType, Scalar};

use crate::{Kernel, Region, Serial, Span, Trap, Valid, VarId};

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

/// Every region and serial section of a kernel, in pre-order.
pub fn units(kernel: &Kernel) -> Vec<Unit<'_>> {
    let _ = kernel;
    Vec::new()
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

    /// Runs a region. Aliasing was checked, no axis is empty. On return every reduction target is
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

    /// Host code reads a variable that the device keeps: waits for it.
    fn fetch(
        &mut self,
        var: VarId,
        state: &mut HostState<Self::Buffer>,
    ) -> Result<Scalar, Self::Error>;

    /// Called once per executed host node, for budgets, counts and cancellation.
    fn step(&mut self, span: Span) -> Result<(), Self::Error>;
}

/// Runs a kernel's host level on a device.
///
/// # Errors
/// A [`Trap`] of host code (aliased arrays, a bad extent, a division by zero, …) or whatever the
/// device returns.
pub fn run_host<D: Device>(
    module: &Valid<crate::Module>,
    kernel: usize,
    device: &mut D,
    arguments: &[Argument<D::Buffer>],
) -> Result<Output<D::Buffer>, D::Error> {
    let _ = (module, kernel, device);
    let _ = arguments;
    Ok(Output { params: Vec::new(), returned: Vec::new() })
}
