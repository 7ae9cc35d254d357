//! Masked form as text: what `crossover explain` shows and fixtures hold.

use std::fmt::{Display, Write};

use super::{Access, Exits, Flow, Guard, LaneLoop, LaneStmt, Shape};
use crate::text::Names;
use crate::{Code, Kernel, ValueId};

/// The text of a loop in masked form: its guards, and its statements with shapes. `affine 1` is a
/// value that is one more in each lane, `together` a comparison that is uniform unless the chunk is
/// given up; `parts` marks divergent control, `kept` an assignment that keeps what lanes outside of
/// the mask have.
pub fn print_lanes(kernel: &Kernel, code: &Code, lanes: &LaneLoop) -> String {
    let names = Names { kernel, code: Some(code) };
    let mut printer = Printer { names, code, lanes, out: String::new(), depth: 0 };
    for guard in &lanes.guards {
        printer.guard(*guard);
    }
    printer.open("lanes");
    printer.block(&lanes.body);
    printer.close();
    printer.out
}

struct Printer<'l> {
    names: Names<'l>,
    code: &'l Code,
    lanes: &'l LaneLoop,
    out: String,
    depth: usize,
}

impl Printer<'_> {
    fn line(&mut self, text: impl Display) {
        let indent = "  ".repeat(self.depth);
        writeln!(self.out, "{indent}{text}").expect("a string takes everything");
    }

    fn open(&mut self, text: impl Display) {
        self.line(format_args!("{text} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    fn guard(&mut self, guard: Guard) {
        let text = match guard {
            Guard::SamePeriod { value } => format!("v{} stays in its period", value.0),
            Guard::SameQuotient { value } => format!("v{} stays the same quotient", value.0),
            Guard::SameTruth { value } => format!("v{} stays as true as it is", value.0),
            Guard::Chosen { value, chosen } => format!("v{} is v{}", value.0, chosen.0),
            Guard::NoWrap { value } => format!("v{} does not wrap", value.0),
            Guard::Inside { value, array, axis } | Guard::InsideAll { value, array, axis } => {
                format!("v{} is inside axis {axis} of {}", value.0, self.names.array(array))
            }
        };
        self.line(format_args!("while {text}"));
    }

    fn shape(&self, value: ValueId) -> String {
        match self.lanes.shape(value) {
            Shape::Uniform => "uniform".to_owned(),
            Shape::Affine(step) => format!("affine {step}"),
            Shape::Varying => "varying".to_owned(),
        }
    }

    fn block(&mut self, block: &[LaneStmt]) {
        block.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &LaneStmt) {
        match stmt {
            LaneStmt::Eval { value, access } => {
                let inst = &self.code.insts[value.0 as usize];
                let access = match access {
                    Access::Uniform => "",
                    Access::Contiguous => " contiguous",
                    Access::Scattered => " scattered",
                };
                let (shape, text) = (self.shape(*value), self.names.inst(inst));
                let together = if self.lanes.together.contains(value) { " together" } else { "" };
                self.line(format_args!(
                    "v{}: {} {shape} = {text}{access}{together}",
                    value.0, inst.dtype
                ));
            }
            LaneStmt::Set { var, value, blend } => {
                let kept = if *blend { " kept" } else { "" };
                let var = self.names.var(*var);
                self.line(format_args!("set {var} = v{}{kept}", value.0));
            }
            LaneStmt::Store { array, indices, value, access, .. } => {
                let access = match access {
                    Access::Uniform => "",
                    Access::Contiguous => " contiguous",
                    Access::Scattered => " scattered",
                };
                let indices: Vec<String> = indices.iter().map(|it| format!("v{}", it.0)).collect();
                let (array, indices) = (self.names.array(*array), indices.join(", "));
                self.line(format_args!("store {array} [{indices}] = v{}{access}", value.0));
            }
            LaneStmt::ScratchZero(scratch) => {
                let scratch = self.names.scratch(*scratch);
                self.line(format_args!("clear {scratch}"));
            }
            LaneStmt::ScratchStore { scratch, index, value, .. } => {
                let scratch = self.names.scratch(*scratch);
                self.line(format_args!("store {scratch} [v{}] = v{}", index.0, value.0));
            }
            LaneStmt::Reduce { reduce, value, .. } => {
                self.line(format_args!("reduce r{} v{}", reduce.0, value.0));
            }
            LaneStmt::Break => self.line("break"),
            LaneStmt::Continue => self.line("continue"),
            LaneStmt::Return => self.line("return"),
            LaneStmt::Trap { cond, code, .. } => {
                self.line(format_args!("trap {code} if v{}", cond.0));
            }
            LaneStmt::If { .. }
            | LaneStmt::Switch { .. }
            | LaneStmt::Loop { .. }
            | LaneStmt::For { .. } => self.nested(stmt),
        }
    }

    fn nested(&mut self, stmt: &LaneStmt) {
        match stmt {
            LaneStmt::If { cond, then, otherwise, flow, .. } => {
                self.open(format_args!("if v{}{}", cond.0, parts(*flow)));
                self.block(then);
                if !otherwise.is_empty() {
                    self.depth -= 1;
                    self.open("} else");
                    self.block(otherwise);
                }
                self.close();
            }
            LaneStmt::Switch { selector, cases, default, flow, .. } => {
                self.open(format_args!("switch v{}{}", selector.0, parts(*flow)));
                for (literal, case) in cases {
                    self.open(format_args!("case {literal}"));
                    self.block(case);
                    self.close();
                }
                self.open("default");
                self.block(default);
                self.close();
                self.close();
            }
            LaneStmt::Loop { header, cond, body, continuing, flow, exits, .. } => {
                self.open(format_args!("loop{}{}", parts(*flow), leaving(*exits)));
                self.block(header);
                if let Some(cond) = cond {
                    self.line(format_args!("while v{}", cond.0));
                }
                self.block(body);
                if !continuing.is_empty() {
                    self.depth -= 1;
                    self.open("} next");
                    self.block(continuing);
                }
                self.close();
            }
            LaneStmt::For { var, lo, hi, step, body, flow, exits, .. } => {
                let (var, flow) = (self.names.var(*var), parts(*flow));
                let exits = leaving(*exits);
                self.open(format_args!(
                    "for {var} = v{} to v{} step {step}{flow}{exits}",
                    lo.0, hi.0
                ));
                self.block(body);
                self.close();
            }
            _ => {}
        }
    }
}

fn parts(flow: Flow) -> &'static str {
    match flow {
        Flow::Uniform => "",
        Flow::Divergent => " parts",
    }
}

fn leaving(exits: Exits) -> String {
    let named = [(exits.breaks, "break"), (exits.continues, "continue"), (exits.returns, "return")];
    let named: Vec<&str> = named.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
    if named.is_empty() { String::new() } else { format!(" (lanes {})", named.join(", ")) }
}
