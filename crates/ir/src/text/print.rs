//! Writing the text form.

use std::fmt::{Display, Write};

use crossover_values::{ParamKind, Scalar};

use crate::{
    ArrayId, Atomic, Axis, Block, Code, HostNode, Inst, InstKind, Kernel, KernelParam, Module,
    Reduce, ReduceId, ReduceScope, Region, Returned, ScratchId, Span, Stmt, ValueId, Var, VarId,
};

use super::parse_code::{atomic_name, reduce_name};

/// The text of a module, without spans and source texts. A valid module parses back to itself,
/// but for those.
pub fn print(module: &Module) -> String {
    Printer { spans: false, ..Printer::default() }.module(module)
}

/// The text of a module with spans and source texts. A valid module parses back to itself.
pub fn print_with_spans(module: &Module) -> String {
    Printer { spans: true, ..Printer::default() }.module(module)
}

#[derive(Default)]
struct Printer {
    out: String,
    depth: usize,
    spans: bool,
}

/// What names mean at a point: host level, or the code of a unit.
#[derive(Clone, Copy)]
pub(crate) struct Names<'k> {
    pub(crate) kernel: &'k Kernel,
    pub(crate) code: Option<&'k Code>,
}

impl<'k> Names<'k> {
    fn host_var(self, var: VarId) -> String {
        name('%', self.kernel.vars.get(var.0 as usize).map(|var| var.name.as_str()), var.0)
    }

    pub(crate) fn var(self, var: VarId) -> String {
        match self.code {
            Some(code) => {
                name('%', code.vars.get(var.0 as usize).map(|it| it.name.as_str()), var.0)
            }
            None => self.host_var(var),
        }
    }

    pub(crate) fn array(self, array: ArrayId) -> String {
        let found = self.kernel.arrays.get(array.0 as usize);
        name('@', found.map(|array| array.name.as_str()), array.0)
    }

    pub(crate) fn scratch(self, scratch: ScratchId) -> String {
        let found = self.code.and_then(|code| code.scratch.get(scratch.0 as usize));
        name('$', found.map(|scratch| scratch.name.as_str()), scratch.0)
    }

    /// What an instruction does, without its value.
    pub(crate) fn inst(self, inst: &Inst) -> String {
        match &inst.kind {
            InstKind::Const(scalar) => format!("const {}", constant(*scalar)),
            InstKind::Get(var) => format!("get {}", self.var(*var)),
            InstKind::HostGet(var) => format!("host {}", self.host_var(*var)),
            InstKind::Extent { array, axis } => format!("extent {} {axis}", self.array(*array)),
            InstKind::Op { op, args } => {
                let args: String = args.iter().map(|arg| format!(" v{}", arg.0)).collect();
                format!("{}{args}", op.info().name)
            }
            InstKind::Load { array, indices } => {
                format!("load {} [{}]", self.array(*array), values(indices))
            }
            InstKind::ScratchLoad { scratch, index } => {
                format!("load {} [v{}]", self.scratch(*scratch), index.0)
            }
            InstKind::Atomic(Atomic { op, array, indices, args }) => {
                let (op, array) = (atomic_name(*op), self.array(*array));
                format!("atomic {op} {array} [{}] ({})", values(indices), values(args))
            }
        }
    }

    fn insts(self) -> &'k [Inst] {
        self.code.map_or(&self.kernel.insts, |code| &code.insts)
    }
}

/// A name with its sigil; of a dangling handle (only in a module that is not valid), its number.
fn name(sigil: char, name: Option<&str>, index: u32) -> String {
    match name {
        Some(plain) if is_plain(plain) => format!("{sigil}{plain}"),
        Some(other) => format!("{sigil}{}", quoted(other)),
        None => format!("{sigil}?{index}"),
    }
}

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

/// A string in quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A constant such that its bits come back.
pub(super) fn constant(value: Scalar) -> String {
    match value {
        Scalar::F32(x) if x.is_nan() => format!("nan 0x{:x}", x.to_bits()),
        Scalar::F64(x) if x.is_nan() => format!("nan 0x{:x}", x.to_bits()),
        other => other.to_string(),
    }
}

/// `(a, b)`.
fn list<T, D: Display>(items: &[T], show: impl Fn(&T) -> D) -> String {
    let items: Vec<String> = items.iter().map(|item| show(item).to_string()).collect();
    items.join(", ")
}

fn value(value: &ValueId) -> String {
    format!("v{}", value.0)
}

fn values(items: &[ValueId]) -> String {
    list(items, value)
}

fn kind(kind: &ParamKind) -> String {
    match kind {
        ParamKind::Scalar(dtype) => dtype.to_string(),
        ParamKind::Array { dtype, rank } => format!("{dtype}[{}]", vec![":"; *rank].join(", ")),
    }
}

impl Printer {
    fn line(&mut self, text: impl Display) {
        let indent = 2 * self.depth;
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{:indent$}{text}", "");
    }

    /// ` !file:start..end`, where spans are shown and there is one.
    fn span(&self, span: Span) -> String {
        if self.spans && span != Span::default() {
            format!(" !{}:{}..{}", span.file, span.start, span.end)
        } else {
            String::new()
        }
    }

    fn module(mut self, module: &Module) -> String {
        for source in &module.sources {
            let text =
                if self.spans { format!(" {}", quoted(&source.text)) } else { String::new() };
            self.line(format_args!("source {}{text}", quoted(&source.path)));
        }
        for kernel in &module.kernels {
            self.kernel(kernel);
        }
        self.out
    }

    fn open(&mut self, text: impl Display) {
        self.line(format_args!("{text} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    /// `} text {`.
    fn reopen(&mut self, text: impl Display) {
        self.depth -= 1;
        self.line(format_args!("}} {text} {{"));
        self.depth += 1;
    }

    fn kernel(&mut self, kernel: &Kernel) {
        let names = Names { kernel, code: None };
        // A word that begins with a digit would read as a number; sigils keep other names safe.
        let bare = is_plain(&kernel.name) && !kernel.name.starts_with(|c: char| c.is_ascii_digit());
        let title = if bare { kernel.name.clone() } else { quoted(&kernel.name) };
        self.open(format_args!("kernel {title}"));
        for (index, array) in kernel.arrays.iter().enumerate() {
            let shape = kind(&ParamKind::Array { dtype: array.dtype, rank: array.rank as usize });
            self.line(format_args!("array {}: {shape}", names.array(ArrayId(index as u32))));
        }
        self.vars(&kernel.vars);
        let params = list(&kernel.params, |param| match param {
            KernelParam::Scalar(var) => names.var(*var),
            KernelParam::Array(array) => names.array(*array),
        });
        self.line(format_args!("params ({params})"));
        if !kernel.returns.is_empty() {
            self.line(format_args!("returns ({})", list(&kernel.returns, kind)));
        }
        self.open("host");
        self.nodes(names, &kernel.host);
        self.close();
        self.close();
    }

    fn vars(&mut self, vars: &[Var]) {
        for (index, var) in vars.iter().enumerate() {
            let text = name('%', Some(&var.name), index as u32);
            self.line(format_args!("var {text}: {}", var.dtype));
        }
    }

    fn nodes(&mut self, names: Names<'_>, nodes: &[HostNode]) {
        for node in nodes {
            self.node(names, node);
        }
    }

    fn node(&mut self, names: Names<'_>, node: &HostNode) {
        match node {
            HostNode::Eval(value) => self.eval(names, *value),
            HostNode::Set { var, value } => self.set("set", &names.var(*var), *value),
            HostNode::If { cond, then, otherwise, span } => {
                let span = self.span(*span);
                self.open(format_args!("if v{}{span}", cond.0));
                self.nodes(names, then);
                if !otherwise.is_empty() {
                    self.reopen("else");
                    self.nodes(names, otherwise);
                }
                self.close();
            }
            HostNode::Loop { header, cond, body, span } => {
                self.open(format_args!("loop{}", self.span(*span)));
                self.nodes(names, header);
                self.reopen(while_clause(*cond));
                self.nodes(names, body);
                self.close();
            }
            HostNode::For { var, lo, hi, step, body, span } => {
                let (var, span) = (names.var(*var), self.span(*span));
                self.open(format_args!("for {var} = v{} to v{} step {step}{span}", lo.0, hi.0));
                self.nodes(names, body);
                self.close();
            }
            HostNode::Break => self.line("break"),
            HostNode::Continue => self.line("continue"),
            HostNode::Region(region) => self.region(names.kernel, region),
            HostNode::Serial(serial) => {
                self.open(format_args!("serial{}", self.span(serial.span)));
                let names = Names { code: Some(&serial.code), ..names };
                self.declarations(names, &serial.code);
                self.open("body");
                self.block(names, &serial.code.body);
                self.close();
                self.close();
            }
            HostNode::Bind { pairs, span } => {
                let pairs = list(pairs, |(name, source)| {
                    format!("{} = {}", names.array(*name), names.array(*source))
                });
                self.line(format_args!("bind ({pairs}){}", self.span(*span)));
            }
            HostNode::Zeros { array, extents, span } => {
                let (array, extents) = (names.array(*array), values(extents));
                self.line(format_args!("zeros {array} [{extents}]{}", self.span(*span)));
            }
            HostNode::Return { values, span } => {
                let values = list(values, |returned| match returned {
                    Returned::Scalar(value) => format!("v{}", value.0),
                    Returned::Array(array) => names.array(*array),
                });
                self.line(format_args!("return ({values}){}", self.span(*span)));
            }
        }
    }

    fn region(&mut self, kernel: &Kernel, region: &Region) {
        let names = Names { kernel, code: Some(&region.code) };
        self.open(format_args!("region{}", self.span(region.span)));
        self.declarations(names, &region.code);
        for axis in &region.axes {
            self.axis(names, axis);
        }
        self.open("body");
        self.block(names, &region.code.body);
        self.close();
        self.close();
    }

    fn axis(&mut self, names: Names<'_>, axis: &Axis) {
        let Axis { index, lo, hi, step, prefix } = axis;
        let index = names.var(*index);
        let text = format!("axis {index} = v{} to v{} step {step}", lo.0, hi.0);
        if prefix.is_empty() {
            self.line(text);
        } else {
            self.open(text);
            self.block(names, prefix);
            self.close();
        }
    }

    fn declarations(&mut self, names: Names<'_>, code: &Code) {
        self.vars(&code.vars);
        for (index, scratch) in code.scratch.iter().enumerate() {
            let text = names.scratch(ScratchId(index as u32));
            self.line(format_args!("scratch {text}: {}[{}]", scratch.dtype, scratch.len));
        }
        for (index, reduce) in code.reduces.iter().enumerate() {
            self.reduction(names, index, reduce);
        }
    }

    fn reduction(&mut self, names: Names<'_>, index: usize, reduce: &Reduce) {
        let var = |var: &VarId| match reduce.scope {
            ReduceScope::Region => names.host_var(*var),
            ReduceScope::Loop => names.var(*var),
        };
        let scope = match reduce.scope {
            ReduceScope::Region => "region",
            ReduceScope::Loop => "loop",
        };
        let payload = if reduce.payload.is_empty() {
            String::new()
        } else {
            format!(" ({})", list(&reduce.payload, var))
        };
        let (op, dtype, target) = (reduce_name(reduce.op), reduce.dtype, var(&reduce.target));
        self.line(format_args!("reduce r{index} = {op} {dtype} {scope} {target}{payload}"));
    }

    fn block(&mut self, names: Names<'_>, block: &Block) {
        for stmt in block {
            self.stmt(names, stmt);
        }
    }

    fn stmt(&mut self, names: Names<'_>, stmt: &Stmt) {
        match stmt {
            Stmt::Eval(value) => self.eval(names, *value),
            Stmt::Set { var, value } => self.set("set", &names.var(*var), *value),
            Stmt::HostSet { var, value } => self.set("sethost", &names.host_var(*var), *value),
            Stmt::Store { array, indices, value, span } => {
                let (array, indices) = (names.array(*array), values(indices));
                let span = self.span(*span);
                self.line(format_args!("store {array} [{indices}] = v{}{span}", value.0));
            }
            Stmt::ScratchZero(scratch) => {
                self.line(format_args!("clear {}", names.scratch(*scratch)));
            }
            Stmt::ScratchStore { scratch, index, value, span } => {
                let (scratch, span) = (names.scratch(*scratch), self.span(*span));
                self.line(format_args!("store {scratch} [v{}] = v{}{span}", index.0, value.0));
            }
            Stmt::Reduce { reduce, value, payload } => {
                let payload = if payload.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", values(payload))
                };
                self.line(format_args!("reduce r{} v{}{payload}", reduce.0, value.0));
            }
            Stmt::Break => self.line("break"),
            Stmt::Continue => self.line("continue"),
            Stmt::Return => self.line("return"),
            Stmt::Trap { cond, code, span } => {
                self.line(format_args!("trap {code} if v{}{}", cond.0, self.span(*span)));
            }
            Stmt::If { .. } | Stmt::Switch { .. } | Stmt::Loop { .. } | Stmt::For { .. } => {
                self.nested(names, stmt);
            }
        }
    }

    /// Statements with blocks inside.
    fn nested(&mut self, names: Names<'_>, stmt: &Stmt) {
        match stmt {
            Stmt::If { cond, then, otherwise, span } => {
                self.open(format_args!("if v{}{}", cond.0, self.span(*span)));
                self.block(names, then);
                if !otherwise.is_empty() {
                    self.reopen("else");
                    self.block(names, otherwise);
                }
            }
            Stmt::Switch { selector, cases, default, span } => {
                self.open(format_args!("switch v{}{}", selector.0, self.span(*span)));
                for (case, block) in cases {
                    self.open(format_args!("case {case}"));
                    self.block(names, block);
                    self.close();
                }
                self.open("default");
                self.block(names, default);
                self.close();
            }
            Stmt::Loop { header, cond, body, continuing, span } => {
                self.open(format_args!("loop{}", self.span(*span)));
                self.block(names, header);
                self.reopen(while_clause(*cond));
                self.block(names, body);
                if !continuing.is_empty() {
                    self.reopen("continuing");
                    self.block(names, continuing);
                }
            }
            Stmt::For { var, lo, hi, step, body, parallel, span } => {
                let (var, span) = (names.var(*var), self.span(*span));
                let reduce = |reduce: &ReduceId| format!("r{}", reduce.0);
                let parallel = parallel
                    .as_ref()
                    .map(|reduces| format!(" parallel ({})", list(reduces, reduce)))
                    .unwrap_or_default();
                let (lo, hi) = (lo.0, hi.0);
                self.open(format_args!("for {var} = v{lo} to v{hi} step {step}{parallel}{span}"));
                self.block(names, body);
            }
            Stmt::Eval(_)
            | Stmt::Set { .. }
            | Stmt::HostSet { .. }
            | Stmt::Store { .. }
            | Stmt::ScratchZero(_)
            | Stmt::ScratchStore { .. }
            | Stmt::Reduce { .. }
            | Stmt::Break
            | Stmt::Continue
            | Stmt::Return
            | Stmt::Trap { .. } => return,
        }
        self.close();
    }

    fn set(&mut self, word: &str, var: &str, value: ValueId) {
        self.line(format_args!("{word} {var} = v{}", value.0));
    }

    fn eval(&mut self, names: Names<'_>, value: ValueId) {
        let Some(inst) = names.insts().get(value.0 as usize) else {
            return self.line(format_args!("v{}: ?", value.0));
        };
        let text = names.inst(inst);
        self.line(format_args!("v{}: {} = {text}{}", value.0, inst.dtype, self.span(inst.span)));
    }
}

fn while_clause(cond: Option<ValueId>) -> String {
    match cond {
        Some(cond) => format!("while v{}", cond.0),
        None => "while true".to_owned(),
    }
}
