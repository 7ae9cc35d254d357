//! Indented lines with the source line above the statements made from it.

use crossover_ir::{Source, Span};

/// Text under construction.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    sources: &'a [Source],
    /// The text so far.
    pub text: String,
    depth: usize,
    place: Option<(u32, usize)>,
    shown: Option<(u32, usize)>,
    made: u32,
    /// Whether source lines are left out: in all but the first copy of a loop's body.
    pub quiet: bool,
}

impl<'a> Lines<'a> {
    /// No lines, indented by one step.
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        Lines {
            sources,
            text: String::new(),
            depth: 1,
            place: None,
            shown: None,
            made: 0,
            quiet: false,
        }
    }

    /// The lines that follow come from here.
    pub(crate) fn at(&mut self, span: Span) {
        if span == Span::default() {
            return;
        }
        let Some(source) = self.sources.get(span.file as usize) else { return };
        let Some(before) = source.text.get(..span.start as usize) else { return };
        self.place = Some((span.file, before.matches('\n').count()));
    }

    /// One line.
    pub(crate) fn push(&mut self, line: &str) {
        self.comment();
        self.raw(line);
    }

    /// A line that opens a block.
    pub(crate) fn open(&mut self, line: &str) {
        self.push(line);
        self.depth += 1;
    }

    /// A line between two blocks.
    pub(crate) fn turn(&mut self, line: &str) {
        self.depth -= 1;
        self.raw(line);
        self.depth += 1;
    }

    /// A line that closes a block.
    pub(crate) fn close(&mut self, line: &str) {
        self.depth -= 1;
        self.raw(line);
    }

    /// A name for a value that the source does not have; no value and no variable has one such.
    pub(crate) fn fresh(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_{}_i32", self.made)
    }

    fn raw(&mut self, line: &str) {
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn comment(&mut self) {
        if self.quiet || self.place == self.shown {
            return;
        }
        self.shown = self.place;
        let Some((file, line)) = self.place else { return };
        let Some(source) = self.sources.get(file as usize) else { return };
        let code = source.text.split('\n').nth(line).unwrap_or_default();
        let from = if file == 0 { String::new() } else { format!("{} ", source.path) };
        self.raw(&format!("// {}line {}: {}", harmless(&from), line + 1, harmless(code.trim())));
    }
}

/// A source line cannot end the comment that it stands in.
fn harmless(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_line_cannot_leave_its_comment() {
        let text = "a = 1 # \u{2028}fn main() {}\u{b}x".to_owned();
        let sources = [Source { path: "k.py".to_owned(), text }];
        let mut lines = Lines::new(&sources);
        lines.at(Span { file: 0, start: 0, end: 1 });
        lines.push("let t1 = 1i;");
        assert_eq!(lines.text.lines().count(), 2);
        assert!(!lines.text.contains('\u{2028}') && !lines.text.contains('\u{b}'));
    }
}
