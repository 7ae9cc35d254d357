//! A program: the kernel file and what it imports, parsed, with its functions and constants
//! named, its call graph, and the level of every function (rules 5 and 9).

use std::collections::{BTreeMap, BTreeSet};

use crossover_ir::{Source, Span};
use ruff_python_ast as ast;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_parser::parse_unchecked_source;
use ruff_text_size::{Ranged, TextRange};

use crate::builtins;
use crate::diagnostics::{Diagnostic, Diagnostics, Sink};
use crate::limits::{self, Limits};
use crate::typed::FuncId;
use crate::{File, Sources, ir_source};

/// Index into [`Program::consts`].
pub(crate) type ConstId = usize;

/// What a name of module level stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    Func(FuncId),
    Const(ConstId),
    /// Imported, but not found: that was reported, and uses are not.
    Missing,
}

/// One parsed file.
pub(crate) struct Parsed {
    pub(crate) file: File,
    suite: ast::Suite,
    pub(crate) globals: BTreeMap<String, Global>,
    /// Whether it says `real`, or knows a name of a file that does; if not, it is the same in both
    /// instances.
    pub(crate) generic: bool,
}

/// One function of the program.
pub(crate) struct FuncDecl {
    pub(crate) file: u32,
    statement: usize,
    pub(crate) name: String,
    /// Functions it calls.
    pub(crate) calls: BTreeSet<FuncId>,
    /// Whether it is a host function (rule 9).
    pub(crate) host: bool,
}

/// One constant of module level.
pub(crate) struct ConstDecl {
    pub(crate) file: u32,
    statement: usize,
}

/// Everything that is known before types are.
pub(crate) struct Program {
    pub(crate) files: Vec<Parsed>,
    pub(crate) funcs: Vec<FuncDecl>,
    /// In an order in which each may use those before it.
    pub(crate) consts: Vec<ConstDecl>,
    /// The functions in an order in which callees come before callers.
    pub(crate) callees_first: Vec<FuncId>,
    /// Violations found while loading; compilation goes on to find more.
    pub(crate) found: Vec<Diagnostic>,
    /// Limit on inlined code.
    pub(crate) instructions: usize,
}

impl Program {
    /// Whether any file says `real`.
    pub(crate) fn is_generic(&self) -> bool {
        self.files.iter().any(|parsed| parsed.generic)
    }

    /// The definition of a function.
    pub(crate) fn def(&self, func: FuncId) -> Option<&ast::StmtFunctionDef> {
        let decl = &self.funcs[func];
        match &self.files[decl.file as usize].suite[decl.statement] {
            ast::Stmt::FunctionDef(def) => Some(def),
            _ => None,
        }
    }

    /// The definition of a constant.
    pub(crate) fn const_def(&self, id: ConstId) -> Option<&ast::StmtAnnAssign> {
        let decl = &self.consts[id];
        match &self.files[decl.file as usize].suite[decl.statement] {
            ast::Stmt::AnnAssign(assign) => Some(assign),
            _ => None,
        }
    }

    /// The files as the IR keeps them.
    pub(crate) fn sources(&self) -> Vec<Source> {
        self.files.iter().map(|parsed| ir_source(&parsed.file)).collect()
    }
}

/// The span of a range of a file.
pub(crate) fn span(file: u32, range: TextRange) -> Span {
    Span { file, start: range.start().to_u32(), end: range.end().to_u32() }
}

/// Loads a kernel file and all that it imports.
///
/// # Errors
/// Limits and syntax errors; other violations are kept in [`Program::found`].
pub(crate) fn load(sources: &Sources, limits: &Limits) -> Result<Program, Diagnostics> {
    let mut loader = Loader::new(sources, limits);
    loader.file(&sources.main)?;
    let Loader { files, funcs, consts, mut sink, .. } = loader;
    let parsed = files.into_iter().flatten().collect();
    let mut program = Program {
        files: parsed,
        funcs,
        consts,
        callees_first: Vec::new(),
        found: Vec::new(),
        instructions: limits.instructions,
    };
    call_graph(&mut program, &mut sink);
    program.found = sink.into_list();
    Ok(program)
}

struct Loader<'s> {
    sources: &'s Sources,
    limits: &'s Limits,
    /// `None` while a file is being loaded, so that its number is taken.
    files: Vec<Option<Parsed>>,
    texts: Vec<Source>,
    /// Module name to file number.
    loaded: BTreeMap<String, u32>,
    funcs: Vec<FuncDecl>,
    consts: Vec<ConstDecl>,
    sink: Sink,
}

impl<'s> Loader<'s> {
    fn new(sources: &'s Sources, limits: &'s Limits) -> Loader<'s> {
        Loader {
            sources,
            limits,
            files: Vec::new(),
            texts: Vec::new(),
            loaded: BTreeMap::new(),
            funcs: Vec::new(),
            consts: Vec::new(),
            sink: Sink::default(),
        }
    }

    /// Loads one file; its imports are loaded when they are met, so constants come in order.
    fn file(&mut self, file: &File) -> Result<u32, Diagnostics> {
        let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(None);
        self.texts.push(ir_source(file));
        let failed = |list, texts: &[Source]| Diagnostics { list, sources: texts.to_vec() };
        limits::check(number, &file.text, self.limits)
            .map_err(|diagnostic| failed(vec![diagnostic], &self.texts))?;
        let parsed = parse_unchecked_source(&file.text, ast::PySourceType::Python);
        if parsed.has_invalid_syntax() {
            let list = syntax_errors(number, &file.text, parsed.errors());
            return Err(failed(list, &self.texts));
        }
        let suite = parsed.into_suite();
        let mut globals = BTreeMap::new();
        for (statement, stmt) in suite.iter().enumerate() {
            self.statement(number, statement, stmt, &mut globals)?;
        }
        let generic = says_real(&file.text, &suite)
            || globals.values().any(|global| self.is_of_generic_file(*global));
        self.files[number as usize] = Some(Parsed { file: file.clone(), suite, globals, generic });
        Ok(number)
    }

    fn is_of_generic_file(&self, global: Global) -> bool {
        let file = match global {
            Global::Func(id) => self.funcs[id].file,
            Global::Const(id) => self.consts[id].file,
            Global::Missing => return false,
        };
        self.files[file as usize].as_ref().is_some_and(|parsed| parsed.generic)
    }

    fn statement(
        &mut self,
        file: u32,
        statement: usize,
        stmt: &ast::Stmt,
        globals: &mut BTreeMap<String, Global>,
    ) -> Result<(), Diagnostics> {
        let place = span(file, stmt.range());
        match stmt {
            ast::Stmt::FunctionDef(def) => {
                let id = self.funcs.len();
                let name = def.name.to_string();
                let decl = FuncDecl { file, statement, name, calls: BTreeSet::new(), host: false };
                self.funcs.push(decl);
                self.name(file, &def.name.id, def.name.range, Global::Func(id), globals);
            }
            ast::Stmt::AnnAssign(assign) => match &*assign.target {
                ast::Expr::Name(name) if assign.value.is_some() => {
                    let id = self.consts.len();
                    self.consts.push(ConstDecl { file, statement });
                    self.name(file, &name.id, name.range, Global::Const(id), globals);
                }
                _ => self.sink.push(
                    Diagnostic::new(2, place, "a constant without a name or a value")
                        .help("write `NAME: T = constant expression`"),
                ),
            },
            ast::Stmt::ImportFrom(import) => self.import(file, import, globals)?,
            ast::Stmt::Import(_) => self.sink.push(
                Diagnostic::new(5, place, "`import` of a whole module")
                    .help("write `from crossover import …` or `from common import …`"),
            ),
            ast::Stmt::Assign(_) => self.sink.push(
                Diagnostic::new(2, place, "an assignment at module level without a type")
                    .help("write `NAME: T = constant expression`"),
            ),
            ast::Stmt::Expr(expr) if expr.value.is_string_literal_expr() => {}
            _ => self
                .sink
                .push(Diagnostic::new(5, place, "a statement at module level").help(
                    "a file holds imports, constants and functions; move it into a function",
                )),
        }
        Ok(())
    }

    fn name(
        &mut self,
        file: u32,
        name: &str,
        range: TextRange,
        global: Global,
        globals: &mut BTreeMap<String, Global>,
    ) {
        let place = span(file, range);
        if let Some(message) = bad_name(name) {
            self.sink.push(Diagnostic::new(3, place, message).help("choose another name"));
        } else if globals.insert(name.to_owned(), global).is_some() {
            let found = format!("`{name}` is defined twice");
            self.sink.push(Diagnostic::new(3, place, found).help("choose another name"));
        }
    }

    fn import(
        &mut self,
        file: u32,
        import: &ast::StmtImportFrom,
        globals: &mut BTreeMap<String, Global>,
    ) -> Result<(), Diagnostics> {
        let place = span(file, import.range);
        for alias in &import.names {
            if let Some(other) = &alias.asname {
                let found = format!("`{}` is imported under another name", alias.name.id);
                let place = span(file, other.range);
                self.sink.push(Diagnostic::new(5, place, found).help("leave out `as`"));
            }
        }
        let module = import.module.as_ref().map_or("", |module| module.id.as_str());
        if import.level == 0 && module == "__future__" {
            return Ok(());
        }
        if import.level == 0 && module == "crossover" {
            self.builtin_names(file, import);
            return Ok(());
        }
        let Some(source) = self.sources.modules.get(module).filter(|_| import.level == 0) else {
            let known: Vec<&str> = self.sources.modules.keys().map(String::as_str).collect();
            let help = match known.is_empty() {
                true => "only `crossover` can be imported from here".to_owned(),
                false => format!("known files are: {}", known.join(", ")),
            };
            let found = format!("there is no file `{module}.py` to import from");
            self.sink.push(Diagnostic::new(5, place, found).help(help));
            missing(import, globals);
            return Ok(());
        };
        let number = match self.loaded.get(module) {
            Some(number) => *number,
            None => {
                let next = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
                self.loaded.insert(module.to_owned(), next);
                self.file(source)?
            }
        };
        self.take(file, number, import, globals);
        Ok(())
    }

    /// Takes names from a loaded file.
    fn take(
        &mut self,
        file: u32,
        from: u32,
        import: &ast::StmtImportFrom,
        globals: &mut BTreeMap<String, Global>,
    ) {
        for alias in &import.names {
            let name = alias.name.id.as_str();
            let place = alias.name.range;
            let found = match &self.files[from as usize] {
                None => {
                    let found = "files import each other in a circle";
                    self.sink.push(
                        Diagnostic::new(5, span(file, import.range), found)
                            .help("move what both need to a third file"),
                    );
                    missing(import, globals);
                    return;
                }
                Some(parsed) => parsed.globals.get(name).copied(),
            };
            match found {
                Some(global) => self.name(file, name, place, global, globals),
                None => {
                    let found = format!("the file defines no `{name}`");
                    let help = "import a function or a constant that the file defines";
                    self.sink.push(Diagnostic::new(5, span(file, place), found).help(help));
                    globals.insert(name.to_owned(), Global::Missing);
                }
            }
        }
    }

    fn builtin_names(&mut self, file: u32, import: &ast::StmtImportFrom) {
        for alias in &import.names {
            let name = alias.name.id.as_str();
            if name != "*" && builtins::find(name).is_none() {
                let found = format!("`crossover` has no `{name}`");
                let help = builtins::instead(name).unwrap_or("docs/LANGUAGE.md lists the builtins");
                self.sink.push(Diagnostic::new(5, span(file, alias.range), found).help(help));
            }
        }
    }
}

/// Marks the names of a failed import, so that their uses are not reported again.
fn missing(import: &ast::StmtImportFrom, globals: &mut BTreeMap<String, Global>) {
    globals.extend(import.names.iter().map(|alias| (alias.name.id.to_string(), Global::Missing)));
}

/// Why a name cannot be given, if it cannot.
pub(crate) fn bad_name(name: &str) -> Option<String> {
    if !name.is_ascii() {
        return Some(format!("the name `{name}` is not ASCII"));
    }
    builtins::find(name).map(|_| format!("`{name}` is a builtin"))
}

fn syntax_errors(
    file: u32,
    text: &str,
    errors: &[ruff_python_parser::ParseError],
) -> Vec<Diagnostic> {
    let some = errors.iter().take(20);
    some.map(|error| {
        let found = format!("syntax error: {}", error.error);
        let mut place = span(file, error.location);
        // A missing part stands at the end of its line, not on the line break.
        let rest = text.get(place.start as usize..place.end as usize).unwrap_or("");
        if let Some(line) = rest.find(['\n', '\r']) {
            place.end = place.start + u32::try_from(line).unwrap_or(0);
        }
        Diagnostic::new(0, place, found).help("write Python 3 syntax, within docs/LANGUAGE.md")
    })
    .collect()
}

/// Whether a name of the file is `real`. Most texts do not even hold the letters; beyond ASCII
/// other letters may stand for them.
fn says_real(text: &str, suite: &[ast::Stmt]) -> bool {
    struct Finder(bool);
    impl<'a> Visitor<'a> for Finder {
        fn visit_expr(&mut self, expr: &'a ast::Expr) {
            self.0 |= matches!(expr, ast::Expr::Name(name) if name.id.as_str() == "real");
            walk_expr(self, expr);
        }
    }
    let mut finder = Finder(false);
    if text.contains("real") || !text.is_ascii() {
        suite.iter().for_each(|stmt| finder.visit_stmt(stmt));
    }
    finder.0
}

/// The names that a function calls.
fn called_names(def: &ast::StmtFunctionDef) -> Vec<&str> {
    struct Finder<'a>(Vec<&'a str>);
    impl<'a> Visitor<'a> for Finder<'a> {
        fn visit_expr(&mut self, expr: &'a ast::Expr) {
            if let ast::Expr::Call(call) = expr
                && let ast::Expr::Name(name) = &*call.func
            {
                self.0.push(&name.id);
            }
            walk_expr(self, expr);
        }
    }
    let mut finder = Finder(Vec::new());
    def.body.iter().for_each(|stmt| finder.visit_stmt(stmt));
    finder.0
}

/// Finds calls, recursion and levels.
fn call_graph(program: &mut Program, sink: &mut Sink) {
    let mut host = BTreeSet::new();
    for id in 0..program.funcs.len() {
        let called = program.def(id).map(called_names).unwrap_or_default();
        if called.contains(&"prange") || called.contains(&"zeros") {
            host.insert(id);
        }
        let globals = &program.files[program.funcs[id].file as usize].globals;
        let calls = called.into_iter().filter_map(|name| match globals.get(name) {
            Some(Global::Func(callee)) => Some(*callee),
            _ => None,
        });
        program.funcs[id].calls = calls.collect();
    }
    program.callees_first = callees_first(program, sink);
    for id in &program.callees_first {
        let decl = &program.funcs[*id];
        if decl.calls.iter().any(|callee| host.contains(callee)) {
            host.insert(*id);
        }
    }
    for id in host {
        program.funcs[id].host = true;
    }
}

/// Functions in an order in which callees come before callers; recursion is reported.
fn callees_first(program: &Program, sink: &mut Sink) -> Vec<FuncId> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; program.funcs.len()];
    let mut order = Vec::new();
    for root in 0..program.funcs.len() {
        // An explicit stack: a chain of calls may be as long as the file.
        let mut stack = vec![(root, program.funcs[root].calls.iter())];
        if state[root] != State::New {
            continue;
        }
        state[root] = State::Open;
        while let Some((id, rest)) = stack.last_mut() {
            let id = *id;
            match rest.next() {
                Some(callee) if state[*callee] == State::New => {
                    state[*callee] = State::Open;
                    stack.push((*callee, program.funcs[*callee].calls.iter()));
                }
                Some(callee) if state[*callee] == State::Open => {
                    recursion(program, id, *callee, sink);
                }
                Some(_) => {}
                None => {
                    state[id] = State::Done;
                    order.push(id);
                    stack.pop();
                }
            }
        }
    }
    order
}

fn recursion(program: &Program, caller: FuncId, callee: FuncId, sink: &mut Sink) {
    let Some(def) = program.def(caller) else { return };
    let place = span(program.funcs[caller].file, def.name.range);
    let found = match caller == callee {
        true => format!("`{}` calls itself", def.name.id),
        false => {
            let name = &program.funcs[callee].name;
            format!("`{}` calls `{name}`, which leads back to it", def.name.id)
        }
    };
    sink.push(Diagnostic::new(5, place, found).help("there is no recursion; write a loop"));
}
