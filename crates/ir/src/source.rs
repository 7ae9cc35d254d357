//! From spans back to the text that a person wrote.

use crate::{Module, Span, Trap};

/// Characters of an expression that a message shows.
const SHOWN: usize = 80;

impl Module {
    /// The text of a span; empty if there is no such place.
    pub fn text(&self, span: Span) -> &str {
        let source = self.sources.get(span.file as usize);
        source.and_then(|it| it.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Path, line and column (both from 1, columns in characters) of a span's first byte. A place
    /// past the end of the text is its end. `None` for "no place" and for a file that is not
    /// there.
    pub fn line_column(&self, span: Span) -> Option<(&str, usize, usize)> {
        let source = self.sources.get(span.file as usize).filter(|_| span != Span::default())?;
        let before = before(&source.text, span.start as usize);
        let line = before.matches('\n').count() + 1;
        let last = before.rsplit('\n').next().unwrap_or(before);
        Some((&source.path, line, last.chars().count() + 1))
    }
}

impl Trap {
    /// One line for a person: place, what went wrong, the expression, the iteration.
    ///
    /// `heat.py:12:9: index 5 is out of bounds for axis 0 of `u` with 5 elements: in `u[i + 1]`
    /// (iteration 7)`
    pub fn render(&self, module: &Module) -> String {
        let place = match module.line_column(self.span) {
            Some((path, line, column)) => format!("{path}:{line}:{column}: "),
            None => String::new(),
        };
        let text: Vec<&str> = module.text(self.span).split_whitespace().collect();
        let mut text = text.join(" ");
        if let Some((cut, _)) = text.char_indices().nth(SHOWN) {
            text.truncate(cut);
            text.push('…');
        }
        let expression = if text.is_empty() { text } else { format!(": in `{text}`") };
        let iteration = match self.iteration {
            Some(iteration) => format!(" (iteration {iteration})"),
            None => String::new(),
        };
        format!("{place}{}{expression}{iteration}", self.kind)
    }
}

/// The text before a byte, at a character boundary.
fn before(text: &str, end: usize) -> &str {
    let mut end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use crossover_values::Scalar;

    use super::*;
    use crate::{Source, TrapKind};

    fn module() -> Module {
        let text = "é = 1\n  u[i +\n    1] = 2\n".to_owned();
        Module { sources: vec![Source { path: "heat.py".to_owned(), text }], kernels: Vec::new() }
    }

    fn span(start: u32, end: u32) -> Span {
        Span { file: 0, start, end }
    }

    #[test]
    fn a_trap_reads_well() {
        let kind = TrapKind::OutOfBounds {
            array: "u".to_owned(),
            axis: 0,
            index: Scalar::I32(-1),
            extent: 5,
        };
        let trap = Trap { kind, span: span(9, 22), iteration: Some(7) };
        insta::assert_snapshot!(trap.render(&module()), @"heat.py:2:3: index -1 is out of bounds for axis 0 of `u` with 5 elements: in `u[i + 1]` (iteration 7)");
    }

    #[test]
    fn bad_spans_do_no_harm() {
        let module = module();
        assert_eq!(module.line_column(span(0, 0)), None);
        assert_eq!(module.line_column(Span { file: 9, start: 1, end: 2 }), None);
        assert_eq!(module.line_column(span(1, 2)), Some(("heat.py", 1, 1)), "inside é");
        assert_eq!(module.line_column(span(999, 1000)), Some(("heat.py", 4, 1)));
        assert_eq!(module.text(span(5, 2)), "");
        assert_eq!(module.text(span(1, 3)), "", "not at character boundaries");
        let trap = Trap {
            kind: TrapKind::Explicit { code: 3 },
            span: Span { file: 7, start: 4, end: 900 },
            iteration: None,
        };
        assert_eq!(trap.render(&module), "trap 3");
    }
}
