//! The names, bindings and layouts of one unit, settled before any text is written.

use std::collections::BTreeMap;

use crossover_ir::{ArrayId, Code, Kernel, Unit, VarId};
use crossover_values::DType;

use super::literal::type_name;
use super::names::Namer;
use super::plan::{
    Access, Binding, BindingKind, DeviceScalars, Stored, UniformField, UniformLayout, UniformValue,
};
use super::reduce::Reductions;
use super::uses::{self, Uses};
use super::{Request, Unsupported};

/// An array as the text sees it.
#[derive(Debug)]
pub(crate) struct ArrayText {
    /// Name of the binding.
    pub name: String,
    /// What the unit does with it.
    pub access: Access,
    /// Element type in the kernel.
    pub element: DType,
    /// How elements lie in the buffer.
    pub stored_as: Stored,
}

impl ArrayText {
    /// Whether single bytes are written, which takes atomics on the words.
    pub(crate) fn packed_store(&self) -> bool {
        self.stored_as == Stored::PackedU8 && self.access != Access::Read
    }

    /// WGSL type of an element of the binding.
    pub(crate) fn element_text(&self) -> String {
        match (self.stored_as, self.access) {
            (Stored::PackedU8, Access::Read) => "u32".to_owned(),
            (Stored::PackedU8, _) => "atomic<u32>".to_owned(),
            (_, Access::Atomic) => format!("atomic<{}>", type_name(self.element)),
            (_, _) => type_name(self.element).to_owned(),
        }
    }
}

/// Everything about a unit that its text refers to.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// What was asked for.
    pub request: &'a Request<'a>,
    /// The unit.
    pub unit: Unit<'a>,
    /// Its code.
    pub code: &'a Code,
    /// What it touches.
    pub uses: Uses,
    /// Arrays by id.
    pub arrays: BTreeMap<ArrayId, ArrayText>,
    /// The uniform block.
    pub uniform: UniformLayout,
    /// Slots of device-kept scalars.
    pub scalars: DeviceScalars,
    /// Names of lane variables.
    pub vars: Vec<String>,
    /// Names of scratch arrays.
    pub scratch: Vec<String>,
    /// The reductions of the region.
    pub reductions: Reductions,
    /// Whether the unit is a routine of the library of 64-bit integers: its arrays are operands
    /// and result of a function.
    pub routine: bool,
}

impl<'a> Context<'a> {
    /// Settles names and layouts.
    ///
    /// # Errors
    /// What WGSL or the adapter lacks.
    pub(crate) fn new(request: &'a Request<'a>, unit: Unit<'a>) -> Result<Self, Unsupported> {
        let uses = uses::scan(request.kernel, request.sources, &unit, request.features)?;
        let code = unit.code();
        let scalars = DeviceScalars::of(request.kernel, request.device_kept);
        for &var in &uses.host_writes {
            if scalars.slot(var).is_none() {
                let name = request.kernel.vars[var.0 as usize].name.clone();
                return Err(Unsupported::NotDeviceKept { name });
            }
        }
        let mut namer = Namer::default();
        let arrays = arrays(request.kernel, &uses, &mut namer);
        let vars = code.vars.iter().map(|var| namer.name(&var.name)).collect();
        let scratch = code.scratch.iter().map(|scratch| namer.name(&scratch.name)).collect();
        let reductions = Reductions::new(request.kernel, code, uses.loops, &mut namer);
        let uniform = uniform(request, &unit, &uses, &arrays, &reductions);
        Ok(Context {
            request,
            unit,
            code,
            uses,
            arrays,
            uniform,
            scalars,
            vars,
            scratch,
            reductions,
            routine: false,
        })
    }

    /// The text that reads a uniform field; a `bool` comes back as one.
    pub(crate) fn uniform(&self, what: UniformValue) -> String {
        let field = self.uniform.fields.iter().find(|field| field.what == what);
        match field {
            Some(field) if field.dtype == DType::Bool => format!("(params.{} != 0u)", field.name),
            Some(field) => format!("params.{}", field.name),
            // Every field that the text reads was listed by the scan that precedes it.
            None => "0u".to_owned(),
        }
    }

    /// The bindings in order.
    pub(crate) fn bindings(&self) -> Vec<Binding> {
        let mut kinds = Vec::new();
        if !self.uniform.fields.is_empty() {
            kinds.push(("params".to_owned(), BindingKind::Uniform(self.uniform.clone())));
        }
        for (&array, text) in &self.arrays {
            let kind = BindingKind::Array {
                array,
                access: text.access,
                element: text.element,
                stored_as: text.stored_as,
            };
            kinds.push((text.name.clone(), kind));
        }
        for stored_as in Stored::SCALARS {
            if self.touches_scalars(stored_as) {
                let name = scalars_name(stored_as).to_owned();
                kinds.push((name, BindingKind::DeviceScalars(stored_as)));
            }
        }
        for stored_as in Stored::SCALARS {
            let slots = self.reductions.slots(stored_as);
            if slots > 0 {
                let name = partials_name(stored_as).to_owned();
                kinds.push((name, BindingKind::ReducePartials { stored_as, slots }));
            }
        }
        let number = |(index, (name, kind))| Binding { group: 0, index: index as u32, name, kind };
        kinds.into_iter().enumerate().map(number).collect()
    }

    fn touches_scalars(&self, stored_as: Stored) -> bool {
        let mut touched = self.uses.host_reads.union(&self.uses.host_writes);
        touched.any(|&var| self.scalars.slot(var).is_some_and(|(class, _)| class == stored_as))
    }

    /// The text of a device-kept scalar's slot, for reading its word or writing it.
    pub(crate) fn scalar_slot(&self, var: VarId) -> Option<String> {
        let (stored_as, slot) = self.scalars.slot(var)?;
        Some(format!("{}[{slot}u]", scalars_name(stored_as)))
    }

    /// Whether a lane variable is the index of an axis: a parameter of the lane function.
    pub(crate) fn is_axis(&self, var: VarId) -> bool {
        match self.unit {
            Unit::Region(region) => region.axes.iter().any(|axis| axis.index == var),
            Unit::Serial(_) => false,
        }
    }
}

/// Name of the buffer of device-kept scalars of a class.
pub(crate) fn scalars_name(stored_as: Stored) -> &'static str {
    match stored_as {
        Stored::F64 => "scalars_f64",
        Stored::TwoWords => "scalars_64",
        Stored::Word32 | Stored::PackedU8 => "scalars",
    }
}

/// Name of the buffer of partials of a class.
pub(crate) fn partials_name(stored_as: Stored) -> &'static str {
    match stored_as {
        Stored::F64 => "partials_f64",
        Stored::TwoWords => "partials_64",
        Stored::Word32 | Stored::PackedU8 => "partials",
    }
}

/// `value` of type `dtype` as a 32-bit word; types of 64 bits have their own buffers and stay.
pub(crate) fn to_word(dtype: DType, value: &str) -> String {
    match dtype {
        DType::Bool => format!("u32({value})"),
        DType::I32 | DType::F32 => format!("bitcast<u32>({value})"),
        DType::U8 | DType::U32 | DType::I64 | DType::U64 | DType::F64 => value.to_owned(),
    }
}

/// The inverse of [`to_word`].
pub(crate) fn from_word(dtype: DType, word: &str) -> String {
    match dtype {
        DType::Bool => format!("({word} != 0u)"),
        DType::I32 | DType::F32 => format!("bitcast<{}>({word})", type_name(dtype)),
        DType::U8 | DType::U32 | DType::I64 | DType::U64 | DType::F64 => word.to_owned(),
    }
}

fn arrays(kernel: &Kernel, uses: &Uses, namer: &mut Namer) -> BTreeMap<ArrayId, ArrayText> {
    let text = |(&array, used): (&ArrayId, &uses::ArrayUse)| {
        let name = &kernel.arrays[array.0 as usize];
        let stored_as = match name.dtype {
            DType::Bool | DType::U8 => Stored::PackedU8,
            other => Stored::scalar(other),
        };
        let access = match (used.atomic, used.stored) {
            (true, _) => Access::Atomic,
            (false, true) => Access::ReadWrite,
            (false, false) => Access::Read,
        };
        let text =
            ArrayText { name: namer.name(&name.name), access, element: name.dtype, stored_as };
        (array, text)
    };
    uses.arrays.iter().map(text).collect()
}

/// The fields of the uniform block.
fn uniform(
    request: &Request<'_>,
    unit: &Unit<'_>,
    uses: &Uses,
    arrays: &BTreeMap<ArrayId, ArrayText>,
    reductions: &Reductions,
) -> UniformLayout {
    let mut wanted: Vec<(UniformValue, DType, String)> = Vec::new();
    if let Unit::Region(region) = unit {
        let firsts = if super::entry::tiled(region) { 2 } else { 1 };
        for axis in 0..firsts {
            wanted.push((UniformValue::First(axis), DType::U32, format!("first_{axis}")));
        }
        for (axis, range) in region.axes.iter().enumerate() {
            let dtype = region.code.vars[range.index.0 as usize].dtype;
            let axis = axis as u32;
            wanted.push((UniformValue::AxisLo(axis), dtype, format!("lo_{axis}")));
            wanted.push((UniformValue::AxisCount(axis), DType::U32, format!("count_{axis}")));
        }
        if !reductions.list.is_empty() {
            wanted.push((UniformValue::Partials, DType::U32, "partial_count".to_owned()));
        }
    }
    for &(array, axis) in &uses.extents {
        let name = arrays.get(&array).map_or_else(
            || request.kernel.arrays[array.0 as usize].name.clone(),
            |array| array.name.clone(),
        );
        let what = UniformValue::ArrayExtent(array, axis);
        wanted.push((what, DType::I32, format!("{name}_{axis}")));
    }
    for &var in uses.host_reads.difference(request.device_kept) {
        let host = &request.kernel.vars[var.0 as usize];
        wanted.push((UniformValue::HostScalar(var), host.dtype, host.name.clone()));
    }
    lay_out(wanted)
}

fn lay_out(wanted: Vec<(UniformValue, DType, String)>) -> UniformLayout {
    let mut namer = Namer::default();
    let mut offset = 0u32;
    let mut fields = Vec::new();
    for (what, dtype, name) in wanted {
        let size = dtype.size().max(4) as u32;
        offset = offset.next_multiple_of(size);
        fields.push(UniformField { what, dtype, name: namer.name(&name), offset });
        offset += size;
    }
    UniformLayout { fields, size: offset.next_multiple_of(16) }
}
