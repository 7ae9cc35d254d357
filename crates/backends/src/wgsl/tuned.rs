//! The variant `tuned`: the kernel's hand-written shader, run by the pass plan of `kernel.toml`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crossover_contract::{
    Case, Failure, Formula, Kernel, Outcome, Pass, Phase, Prepared, Target, TunedPlan,
};
use crossover_gpu::{
    Arg, Binding, BindingKind, BufferId, Dispatch, Pace, PipelineId, Session, Shader, Step, Trips,
};
use crossover_values::{DType, Param, ParamKind, Role, Scalar, Signature, Value};
use crossover_wgsl::{
    BindingPlan, FragmentForm, MemberFrom, PlanNames, Planned, PlannedMember, Reflection,
    check_against, expand_includes, prelude, reflect,
};

use super::adapter::Opened;
use super::transfer::{ArgumentBuffers, CallClock, download, put_scalar, scalar_at};
use crate::front;
use crate::outputs::{outputs, phase};

/// The whole text of an instance's tuned shader for a case.
///
/// # Errors
/// A fragment that is not there, a constant of the plan that is no `u32`.
pub(crate) fn source(
    kernel: &Kernel,
    dtype: DType,
    case: &Case,
    form: FragmentForm,
) -> Result<String, Failure> {
    let stem = &kernel.stem;
    let shader = kernel.shader.as_ref();
    let shader = shader.ok_or_else(|| Failure::Unavailable(format!("`{stem}` has no shader")))?;
    let fragments = kernel.shader_library.iter();
    let fragments = fragments.map(|(name, text)| (name.clone(), text.text.clone())).collect();
    let text = expand_includes(&shader.text, &fragments, dtype, form)
        .map_err(|error| Failure::Failed(format!("{}: {error}", shader.path)))?;
    let constants = kernel.definition.tuned.as_ref().map(|plan| plan.constants_of(case));
    let constants = constants.transpose().map_err(|e| Failure::Failed(e.to_string()))?;
    Ok(prelude(dtype, &constants.unwrap_or_default()) + &text)
}

/// A tuned shader on a device.
pub(crate) struct Tuned {
    opened: Arc<Opened>,
    signature: Signature,
    plan: TunedPlan,
    bindings: BindingPlan,
    entries: BTreeMap<String, Entry>,
    case: Case,
    session: Session,
    arguments: ArgumentBuffers,
    scratch: BTreeMap<String, BufferId>,
    phases: Vec<Phase>,
}

/// A compiled entry point.
struct Entry {
    pipeline: PipelineId,
    size: [u32; 3],
    /// Indices of the bindings it uses, ascending.
    uses: Vec<u32>,
}

/// Makes the tuned shader of a target ready.
///
/// # Errors
/// What is unavailable, refused by the adapter's limits, or failed.
pub(crate) fn prepare(opened: &Arc<Opened>, target: &Target<'_>) -> Result<Tuned, Failure> {
    let gpu = |error| super::failure(&error);
    let start = Instant::now();
    let signature = front::signature(target.kernel, target.dtype)?;
    let plan = target.kernel.definition.tuned.clone().ok_or_else(|| {
        Failure::Unavailable(format!("`{}` has no pass plan", target.kernel.stem))
    })?;
    let subgroups = opened.passport.subgroups;
    let form = if subgroups { FragmentForm::Subgroup } else { FragmentForm::Plain };
    let text = source(target.kernel, target.dtype, target.case, form)?;
    let path = target.kernel.shader.as_ref().map_or("", |shader| shader.path.as_str());
    let reflection = reflect(&text).map_err(|error| Failure::Failed(format!("{path}: {error}")))?;
    if reflection.needs.f64 && !opened.device.info().f64 {
        return Err(Failure::Unavailable("this adapter has no f64 in shaders".to_owned()));
    }
    if reflection.needs.subgroups && !subgroups {
        return Err(Failure::Unavailable(
            "this adapter has no subgroups that keep their promises".to_owned(),
        ));
    }
    let bindings = check_against(&reflection, &signature, &plan_names(&plan))
        .map_err(|error| Failure::Failed(error.to_string()))?;
    check_loops(opened, &plan, target.case)?;
    let parse = start.elapsed();
    let mut session = Session::new(&opened.device, Pace::default()).map_err(gpu)?;
    let entries = entries(&mut session, &text, &reflection, &bindings, &plan)?;
    let scratch = scratch(&mut session, &plan, target.case)?;
    let made = session.take_phases().map_err(gpu)?;
    Ok(Tuned {
        opened: Arc::clone(opened),
        signature,
        plan,
        bindings,
        entries,
        case: target.case.clone(),
        session,
        arguments: ArgumentBuffers::default(),
        scratch,
        phases: vec![phase("parse", parse), phase("compile", made.compile)],
    })
}

fn plan_names(plan: &TunedPlan) -> PlanNames {
    let own = plan.passes.iter().flat_map(|pass| pass.uniforms.keys());
    let splits = plan.passes.iter().filter_map(|pass| pass.split.as_ref());
    PlanNames {
        scratch: plan.scratch.keys().cloned().collect(),
        uniforms: plan.uniforms.keys().chain(own).chain(splits).cloned().collect(),
    }
}

fn value(formula: &Formula, names: &BTreeMap<String, f64>) -> Result<f64, Failure> {
    formula.value(names).map_err(|error| Failure::Failed(format!("kernel.toml: {error}")))
}

/// A formula's value as a count.
fn count(formula: &Formula, names: &BTreeMap<String, f64>) -> Result<u64, Failure> {
    let value = value(formula, names)?;
    if value.fract() != 0.0 || !(0.0..=9.0e15).contains(&value) {
        let text = formula.text();
        return Err(Failure::Failed(format!("kernel.toml: `{text}` = {value} is no count")));
    }
    Ok(value as u64)
}

fn check_loops(opened: &Opened, plan: &TunedPlan, case: &Case) -> Result<(), Failure> {
    for pass in &plan.passes {
        let mut names = case.parameters.clone();
        names.insert("pass".to_owned(), 0.0);
        let need = count(&pass.loop_budget, &names)?;
        opened.check_loops(&format!("pass `{}`", pass.entry), Some(need), Trips::Varying)?;
    }
    Ok(())
}

fn entries(
    session: &mut Session,
    text: &str,
    reflection: &Reflection,
    bindings: &BindingPlan,
    plan: &TunedPlan,
) -> Result<BTreeMap<String, Entry>, Failure> {
    let mut entries = BTreeMap::new();
    for pass in &plan.passes {
        let found = reflection.entry_points.iter().find(|entry| entry.name == pass.entry);
        let found = found.ok_or_else(|| {
            let present = reflection.entry_points.iter().map(|entry| entry.name.as_str());
            let present = present.collect::<Vec<_>>().join(", ");
            let entry = &pass.entry;
            Failure::Failed(format!("the shader has no entry point `{entry}`; it has: {present}"))
        })?;
        let uses = found.uses.iter().map(|(_, index)| *index).collect::<Vec<u32>>();
        let used = bindings.bindings.iter().filter(|binding| uses.contains(&binding.index));
        let shader = Shader {
            source: text.to_owned(),
            entry: pass.entry.clone(),
            bindings: used.map(|b| Binding { slot: b.index, kind: kind(&b.what) }).collect(),
            constants: Vec::new(),
        };
        let pipeline = session.pipeline(&shader).map_err(|error| super::failure(&error))?;
        let entry = Entry { pipeline, size: found.workgroup_size, uses };
        entries.insert(pass.entry.clone(), entry);
    }
    Ok(entries)
}

const fn kind(what: &Planned) -> BindingKind {
    match what {
        Planned::Param { writable: true, .. } | Planned::Scratch { writable: true } => {
            BindingKind::StorageReadWrite
        }
        Planned::Param { .. } | Planned::Scratch { .. } => BindingKind::StorageRead,
        Planned::Uniform { .. } => BindingKind::Uniform,
    }
}

fn scratch(
    session: &mut Session,
    plan: &TunedPlan,
    case: &Case,
) -> Result<BTreeMap<String, BufferId>, Failure> {
    let mut buffers = BTreeMap::new();
    for (name, words) in &plan.scratch {
        let bytes = count(words, &case.parameters)?.saturating_mul(4);
        let buffer = session.create_buffer(name, bytes).map_err(|error| super::failure(&error))?;
        buffers.insert(name.clone(), buffer);
    }
    Ok(buffers)
}

impl Prepared for Tuned {
    fn phases(&self) -> &[Phase] {
        &self.phases
    }

    fn run(&mut self, arguments: Vec<Value>) -> Result<Outcome, Failure> {
        let gpu = |error| super::failure(&error);
        let buffers = self.arguments.for_arguments(&mut self.session, &arguments).map_err(gpu)?;
        let mut names = self.names(&buffers);
        // What is only written goes up outside the timed interval: it is poison, not input.
        self.upload(&arguments, &buffers, |role| role == Role::Out)?;
        let clock = CallClock::start(&mut self.session).map_err(gpu)?;
        self.upload(&arguments, &buffers, |role| role != Role::Out)?;
        for buffer in self.scratch.values() {
            self.session.record(Step::Clear { buffer: *buffer }).map_err(gpu)?;
        }
        for position in 0..self.plan.passes.len() {
            self.record_pass(position, &arguments, &mut names)?;
        }
        let results = self.results(arguments, &names)?;
        let returned = self.returned()?;
        let wall = clock.elapsed();
        let phases = self.session.take_phases().map_err(gpu)?;
        let trusted = self.opened.passport.timestamps.trusted;
        let (wall_ns, phases) = clock.finish(&phases, trusted, wall);
        let outputs = outputs(&self.signature, results, returned)?;
        Ok(Outcome { outputs, wall_ns, phases, back_edges: None, facts: BTreeMap::new() })
    }
}

impl Tuned {
    /// Which buffer each name means at the start of a call.
    fn names(&self, buffers: &[Option<BufferId>]) -> BTreeMap<String, BufferId> {
        let params = self.signature.params.iter().zip(buffers);
        let params = params.filter_map(|(param, buffer)| Some((param.name.clone(), (*buffer)?)));
        let scratch = self.scratch.iter().map(|(name, buffer)| (name.clone(), *buffer));
        params.chain(scratch).collect()
    }

    fn upload(
        &mut self,
        arguments: &[Value],
        buffers: &[Option<BufferId>],
        wanted: impl Fn(Role) -> bool,
    ) -> Result<(), Failure> {
        for ((param, argument), buffer) in self.signature.params.iter().zip(arguments).zip(buffers)
        {
            if let (Value::Array(array), Some(buffer), true) =
                (argument, buffer, wanted(param.role))
            {
                let sent = self.session.upload(*buffer, array.bytes());
                sent.map_err(|error| super::failure(&error))?;
            }
        }
        Ok(())
    }

    fn record_pass(
        &mut self,
        position: usize,
        arguments: &[Value],
        names: &mut BTreeMap<String, BufferId>,
    ) -> Result<(), Failure> {
        let pass = self.plan.passes[position].clone();
        let mut variables = self.case.parameters.clone();
        let repeat = pass.repeat.as_ref().map_or(Ok(1), |formula| count(formula, &variables))?;
        for turn in 0..repeat {
            variables.insert("pass".to_owned(), turn as f64);
            self.record_turn(&pass, arguments, &variables, names)?;
            for [a, b] in &pass.swap {
                let unknown =
                    || Failure::Failed(format!("kernel.toml: no buffers `{a}` and `{b}`"));
                let (first, second) = names.get(a).zip(names.get(b)).ok_or_else(unknown)?;
                let (first, second) = (*first, *second);
                names.insert(a.clone(), second);
                names.insert(b.clone(), first);
            }
        }
        Ok(())
    }

    fn record_turn(
        &mut self,
        pass: &Pass,
        arguments: &[Value],
        variables: &BTreeMap<String, f64>,
        names: &BTreeMap<String, BufferId>,
    ) -> Result<(), Failure> {
        let entry = &self.entries[&pass.entry];
        let (pipeline, uses) = (entry.pipeline, entry.uses.clone());
        let groups = groups(pass, entry.size, variables)?;
        let limit = self.session.device().info().limits.max_groups_per_dimension;
        for (first, grid) in split(pass, groups, limit) {
            let mut args = Vec::with_capacity(uses.len());
            for binding in self.bindings.bindings.iter().filter(|b| uses.contains(&b.index)) {
                args.push(match &binding.what {
                    Planned::Param { .. } | Planned::Scratch { .. } => {
                        Arg::Buffer(names[&binding.name])
                    }
                    Planned::Uniform { size, members } => {
                        let mut bytes = vec![0_u8; *size as usize];
                        for member in members {
                            let value = self.member(member, pass, arguments, variables, first)?;
                            if let Some(value) = value {
                                put_scalar(&mut bytes, member.offset as usize, value);
                            }
                        }
                        Arg::Uniform(bytes)
                    }
                });
            }
            let step = Step::Dispatch(Dispatch { pipeline, args, grid });
            self.session.record(step).map_err(|error| super::failure(&error))?;
        }
        Ok(())
    }

    fn member(
        &self,
        member: &PlannedMember,
        pass: &Pass,
        arguments: &[Value],
        variables: &BTreeMap<String, f64>,
        first: u64,
    ) -> Result<Option<Scalar>, Failure> {
        Ok(match &member.from {
            MemberFrom::Padding => None,
            MemberFrom::Scalar(position) => match &arguments[*position] {
                Value::Scalar(scalar) => Some(*scalar),
                Value::Array(_) => None,
            },
            MemberFrom::Extent { param, axis } => {
                let array = arguments[*param].as_array();
                let extent = array.and_then(|array| array.shape().get(*axis));
                extent.map(|&extent| Scalar::from_bits(member.dtype, extent as u64))
            }
            MemberFrom::Plan if pass.split.as_ref() == Some(&member.name) => {
                Some(Scalar::from_bits(member.dtype, first))
            }
            MemberFrom::Plan => {
                let formula = pass.uniforms.get(&member.name);
                let formula = formula.or_else(|| self.plan.uniforms.get(&member.name));
                formula.map(|formula| planned(formula, member.dtype, variables)).transpose()?
            }
        })
    }

    fn results(
        &mut self,
        arguments: Vec<Value>,
        names: &BTreeMap<String, BufferId>,
    ) -> Result<Vec<Value>, Failure> {
        let params: Vec<Param> = self.signature.params.clone();
        let mut results = Vec::with_capacity(arguments.len());
        for (param, argument) in params.iter().zip(arguments) {
            results.push(match argument {
                Value::Array(array) if param.role.is_output() => {
                    let buffer = names[&param.name];
                    let shape = array.shape().to_vec();
                    Value::Array(download(&mut self.session, buffer, array.dtype(), &shape)?)
                }
                other => other,
            });
        }
        Ok(results)
    }

    fn returned(&mut self) -> Result<Vec<Value>, Failure> {
        let mut returned = Vec::new();
        for (from, kind) in self.plan.returns.iter().zip(&self.signature.returns) {
            let ParamKind::Scalar(dtype) = kind else {
                let why = "a tuned shader returns scalars only";
                return Err(Failure::Unavailable(why.to_owned()));
            };
            let missing = || Failure::Failed(format!("kernel.toml: no scratch `{}`", from.buffer));
            let buffer = *self.scratch.get(&from.buffer).ok_or_else(missing)?;
            let bytes = self.session.download(buffer).map_err(|error| super::failure(&error))?;
            let offset = usize::try_from(from.word.saturating_mul(4)).unwrap_or(usize::MAX);
            let scalar = scalar_at(&bytes, offset, *dtype).ok_or_else(missing)?;
            returned.push(Value::Scalar(scalar));
        }
        Ok(returned)
    }
}

/// A plan variable in the type of its member.
fn planned(
    formula: &Formula,
    dtype: DType,
    variables: &BTreeMap<String, f64>,
) -> Result<Scalar, Failure> {
    let value = value(formula, variables)?;
    let whole = value.fract() == 0.0;
    match dtype {
        DType::F32 => Ok(Scalar::F32(value as f32)),
        DType::F64 => Ok(Scalar::F64(value)),
        DType::I32 if whole && i32::try_from(value as i64).is_ok() => Ok(Scalar::I32(value as i32)),
        DType::U32 if whole && u32::try_from(value as i64).is_ok() => Ok(Scalar::U32(value as u32)),
        DType::Bool | DType::U8 | DType::I32 | DType::U32 | DType::I64 | DType::U64 => {
            let text = formula.text();
            Err(Failure::Failed(format!("kernel.toml: `{text}` = {value} is no {dtype}")))
        }
    }
}

/// Workgroups along x, y and z.
fn groups(
    pass: &Pass,
    size: [u32; 3],
    variables: &BTreeMap<String, f64>,
) -> Result<[u64; 3], Failure> {
    let mut groups = [1_u64; 3];
    let (formulas, divide) = match (&pass.workgroups, &pass.invocations) {
        (Some(workgroups), _) => (workgroups, false),
        (None, Some(invocations)) => (invocations, true),
        (None, None) => return Ok(groups),
    };
    for (axis, formula) in formulas.iter().take(3).enumerate() {
        let wanted = count(formula, variables)?;
        groups[axis] = if divide { wanted.div_ceil(u64::from(size[axis].max(1))) } else { wanted };
    }
    Ok(groups)
}

/// The dispatches of a grid: one, or several along x if the pass says how to tell them apart. Each
/// comes with the number of its first workgroup.
fn split(pass: &Pass, groups: [u64; 3], limit: u32) -> Vec<(u64, [u32; 3])> {
    let clamp = |groups: u64| u32::try_from(groups).unwrap_or(u32::MAX);
    let (across, rest) = (groups[0], [clamp(groups[1]), clamp(groups[2])]);
    let step = if pass.split.is_some() { u64::from(limit.max(1)) } else { across.max(1) };
    let starts = (0..across.div_ceil(step)).map(|part| part * step);
    starts.map(|first| (first, [clamp((across - first).min(step)), rest[0], rest[1]])).collect()
}
