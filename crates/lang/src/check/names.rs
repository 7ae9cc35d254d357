//! Names: scopes, one type per name and function, privacy of prange bodies (rule 3).

use crossover_ir::Span;
use ruff_python_ast as ast;
use ruff_text_size::{Ranged, TextRange};

use super::FnCx;
use crate::builtins;
use crate::program::{Global, bad_name};
use crate::typed::{Ex, ExKind, Local, LocalId, LocalKind, article};

/// Where a name was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) local: LocalId,
    /// Whether a prange lies between the name's scope and the place that uses it.
    pub(super) outside: bool,
}

impl FnCx<'_, '_> {
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        let innermost = self.scopes.len() - 1;
        self.scopes.iter().enumerate().rev().find_map(|(level, scope)| {
            let local = *scope.names.get(name)?;
            Some(Found { local, outside: level < innermost })
        })
    }

    pub(super) fn global(&self, name: &str) -> Option<Global> {
        self.ck.program.files[self.file as usize].globals.get(name).copied()
    }

    pub(super) fn parameter(&mut self, name: &str, kind: LocalKind, span: Span) {
        let local = self.new_local(name, kind, span);
        self.locals[local].assigned = false;
        self.kinds.insert(name.to_owned(), (kind, span));
        self.flow.assign(local);
    }

    /// A new name in the innermost scope.
    pub(super) fn new_local(&mut self, name: &str, kind: LocalKind, span: Span) -> LocalId {
        let local = self.locals.len();
        let prange_depth = self.scopes.len() - 1;
        self.locals.push(Local { name: name.to_owned(), kind, span, assigned: true, prange_depth });
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(name.to_owned(), local);
        }
        local
    }

    /// Whether a new name may be given; reports why not.
    pub(super) fn check_new_name(&mut self, name: &str, span: Span) -> bool {
        let message = match self.global(name) {
            Some(Global::Func(_)) => Some(format!("`{name}` is a function of the file")),
            Some(Global::Const(_)) => {
                Some(format!("`{name}` is a constant and cannot be assigned"))
            }
            Some(Global::Missing) | None => bad_name(name),
        };
        match message {
            Some(message) => {
                self.error(3, span, message, "choose another name");
                false
            }
            None => true,
        }
    }

    /// The name that an assignment gives a value of this kind to; `None` after an error.
    pub(super) fn assigned_name(
        &mut self,
        name: &ast::ExprName,
        kind: LocalKind,
    ) -> Option<LocalId> {
        let span = self.span(name.range);
        match self.find(&name.id) {
            Some(found) => self.assign_existing(found, kind, span),
            None => self.assign_new(&name.id, kind, span),
        }
    }

    fn assign_existing(&mut self, found: Found, kind: LocalKind, span: Span) -> Option<LocalId> {
        let local = found.local;
        let name = &self.locals[local].name;
        if self.loop_vars.contains(&local) {
            let message = format!("the loop variable `{name}` is assigned");
            self.error(4, span, message, "use another name; a loop variable cannot be changed");
            return None;
        }
        if found.outside {
            let message =
                format!("`{name}` belongs to the level around the prange and is changed in it");
            self.error(
                10,
                span,
                message,
                "only reductions may: `s += e`, `s |= e`, `s ^= e`, `s &= e`, `s = min(s, e)`, \
                 `s = max(s, e)`; use a new name for a value of one iteration",
            );
            return None;
        }
        let before = self.locals[local].kind;
        if before == LocalKind::Poison || kind == LocalKind::Poison {
            return Some(local);
        }
        if before != kind {
            let name = name.clone();
            self.type_changed(&name, before, self.locals[local].span, kind, span);
            return None;
        }
        self.locals[local].assigned = true;
        Some(local)
    }

    fn assign_new(&mut self, name: &str, kind: LocalKind, span: Span) -> Option<LocalId> {
        if !self.check_new_name(name, span) {
            return None;
        }
        match self.kinds.get(name).copied() {
            Some((before, place)) if before != kind && before != LocalKind::Poison => {
                self.type_changed(name, before, place, kind, span);
            }
            _ => {
                self.kinds.insert(name.to_owned(), (kind, span));
            }
        }
        Some(self.new_local(name, kind, span))
    }

    fn type_changed(
        &mut self,
        name: &str,
        before: LocalKind,
        place: Span,
        now: LocalKind,
        span: Span,
    ) {
        if now == LocalKind::Poison {
            return;
        }
        let message = format!("`{name}` is {} and gets {}", describe(before), describe(now));
        let diagnostic = crate::diagnostics::Diagnostic::new(3, span, message)
            .label(place, "its type comes from here")
            .help("a name has one type in a function; cast, or use another name");
        self.ck.sink.push(diagnostic);
    }

    /// Reads a scalar name.
    pub(super) fn read_name(&mut self, name: &ast::ExprName) -> Ex {
        let span = self.span(name.range);
        let Some(found) = self.find(&name.id) else {
            return self.read_global(name, span);
        };
        if !self.may_read(found.local, span) {
            return Ex::poison(span);
        }
        match self.locals[found.local].kind {
            LocalKind::Scalar(dtype) => Ex::known(ExKind::Local(found.local), dtype, span),
            LocalKind::Poison => Ex::poison(span),
            LocalKind::Array { .. } | LocalKind::Scratch { .. } => {
                let message = format!("the array `{}` is used as a number", name.id);
                self.error(1, span, message, format!("name an element: `{}[i]`", name.id));
                Ex::poison(span)
            }
        }
    }

    /// Checks that a name has a value here and may be read here.
    pub(super) fn may_read(&mut self, local: LocalId, span: Span) -> bool {
        let name = &self.locals[local].name;
        if self.changing.contains_key(&local) {
            let message = format!("`{name}` is a reduction of the prange and is read in it");
            self.error(10, span, message, "read it after the loop; in it, only the guard `if e > s: s = e` reads its own extremum");
            return false;
        }
        if !self.flow.has(local) {
            let message = format!("`{name}` may have no value here");
            let help = format!("assign `{name}` on every path that leads here");
            self.error(3, span, message, help);
            self.flow.assign(local);
        }
        true
    }

    fn read_global(&mut self, name: &ast::ExprName, span: Span) -> Ex {
        match self.global(&name.id) {
            Some(Global::Const(id)) if id >= self.ck.consts.len() => {
                let message = format!("the constant `{}` is used before it is defined", name.id);
                self.error(2, span, message, "define it further up");
            }
            Some(Global::Const(id)) => {
                return match self.ck.consts.get(id).copied().flatten() {
                    Some(value) => Ex::constant(value, span),
                    None => Ex::poison(span),
                };
            }
            Some(Global::Func(_)) => {
                let message = format!("the function `{}` is used as a value", name.id);
                self.error(5, span, message, format!("call it: `{}(…)`", name.id));
            }
            Some(Global::Missing) => {}
            None => self.unknown_name(&name.id, span),
        }
        Ex::poison(span)
    }

    pub(super) fn unknown_name(&mut self, name: &str, span: Span) {
        if let Some((_, place)) = self.kinds.get(name).copied() {
            let message = format!("`{name}` has no value here");
            let diagnostic = crate::diagnostics::Diagnostic::new(3, span, message)
                .label(place, "this name ended with its prange")
                .help("assign it at this level, or make it a reduction");
            self.ck.sink.push(diagnostic);
            return;
        }
        if builtins::find(name).is_some() {
            self.error(5, span, format!("the builtin `{name}` is used as a value"), "call it");
            return;
        }
        let help = match (builtins::instead(name), self.nearest(name)) {
            (Some(help), _) => help.to_owned(),
            (None, Some(near)) => format!("there is a similar name: `{near}`"),
            (None, None) => "assign it first; a loop variable ends with its loop".to_owned(),
        };
        self.error(3, span, format!("`{name}` is not defined"), help);
    }

    /// A name in scope that differs by little.
    fn nearest(&self, name: &str) -> Option<String> {
        let globals = self.ck.program.files[self.file as usize].globals.keys();
        let locals = self.scopes.iter().flat_map(|scope| scope.names.keys());
        let all = locals.chain(globals).map(|known| (distance(known, name), known));
        let best = all.filter(|(far, _)| *far <= 1 + name.len() / 5 && *far < name.len()).min()?;
        Some(best.1.clone())
    }

    /// The array that an expression names; reports if it names none.
    pub(super) fn array_name(&mut self, expr: &ast::Expr) -> Option<LocalId> {
        let span = self.span(expr.range());
        let ast::Expr::Name(name) = expr else {
            let help = "helpers take arrays by name, and elements are named `a[i]` or `a[i, j]`";
            self.error(5, span, "an array is needed here, by name", help);
            return None;
        };
        let Some(found) = self.find(&name.id) else {
            if self.global(&name.id) == Some(Global::Missing) {
                return None;
            }
            if self.global(&name.id).is_some() {
                let message = format!("`{}` is no array", name.id);
                self.error(1, span, message, "name an array");
            } else {
                self.unknown_name(&name.id, span);
            }
            return None;
        };
        match self.locals[found.local].kind {
            LocalKind::Array { .. } | LocalKind::Scratch { .. } => {
                self.may_read(found.local, span);
                Some(found.local)
            }
            LocalKind::Poison => None,
            LocalKind::Scalar(dtype) => {
                let message = format!("`{}` is {}, no array", name.id, article(dtype));
                self.error(1, span, message, "name an array");
                None
            }
        }
    }

    /// Introduces a loop variable; `None` after an error.
    pub(super) fn loop_variable(
        &mut self,
        target: &ast::Expr,
        kind: LocalKind,
    ) -> (LocalId, TextRange) {
        let range = target.range();
        let span = self.span(range);
        let name = match target {
            ast::Expr::Name(name) => name.id.to_string(),
            _ => {
                self.error(4, span, "a loop variable must be a name", "write `for i in range(n):`");
                "_".to_owned()
            }
        };
        let usable = self.check_new_name(&name, span);
        if usable && self.find(&name).is_some() {
            let message = format!("the loop variable `{name}` is already a name here");
            self.error(3, span, message, "use another name for the loop variable");
        }
        let local = self.new_local(&name, kind, span);
        self.loop_vars.insert(local);
        self.flow.assign(local);
        (local, range)
    }

    /// Frees a loop variable's name; `shadowed` is what the name meant before.
    pub(super) fn end_loop_variable(&mut self, local: LocalId, shadowed: Option<LocalId>) {
        let name = self.locals[local].name.clone();
        let Some(scope) = self.scopes.last_mut() else { return };
        match shadowed {
            Some(before) => scope.names.insert(name, before),
            None => scope.names.remove(&name),
        };
    }
}

/// A kind in words.
pub(super) fn describe(kind: LocalKind) -> String {
    match kind {
        LocalKind::Scalar(dtype) => format!("`{dtype}`"),
        LocalKind::Array { dtype, rank: 1 } => format!("the array type `{dtype}[:]`"),
        LocalKind::Array { dtype, .. } => format!("the array type `{dtype}[:, :]`"),
        LocalKind::Scratch { dtype, len } => format!("a scratch array of {len} `{dtype}`"),
        LocalKind::Poison => "of unknown type".to_owned(),
    }
}

/// Edit distance of two short names (insert, delete, replace).
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
