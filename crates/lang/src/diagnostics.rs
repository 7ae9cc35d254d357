//! Diagnostics: what was found, where, which rule it breaks, and what to write instead.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use crossover_ir::{Source, Span};

use crate::program::Program;

/// At most this many diagnostics are kept; more would bury the first.
const MOST: usize = 50;

/// A second place that explains a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there.
    pub text: String,
}

/// One violation of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Number of the rule in `docs/LANGUAGE.md`; 0 for syntax errors and limits.
    pub rule: u8,
    /// The place.
    pub span: Span,
    /// What was found.
    pub message: String,
    /// Further places.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without help or further labels.
    pub fn new(rule: u8, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { rule, span, message: message.into(), labels: Vec::new(), help: None }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }
}

/// All violations found in one compilation, in the order of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The violations.
    pub list: Vec<Diagnostic>,
    /// The files that their spans refer to.
    pub sources: Vec<Source>,
}

impl Diagnostics {
    /// The diagnostics as text with excerpts of the source; `color` adds ANSI escapes.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let texts: Vec<String> =
            self.list.iter().map(|diagnostic| self.render_one(diagnostic, &renderer)).collect();
        texts.join("\n\n")
    }

    fn render_one(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let id = format!("rule {}", diagnostic.rule);
        let title = Level::ERROR.primary_title(&diagnostic.message);
        let title = if diagnostic.rule == 0 { title } else { title.id(&id) };
        let mut group = Group::with_title(title);
        for (number, source) in self.sources.iter().enumerate() {
            let labels: Vec<&Label> =
                diagnostic.labels.iter().filter(|l| l.span.file as usize == number).collect();
            let primary = diagnostic.span.file as usize == number;
            if !primary && labels.is_empty() {
                continue;
            }
            let mut snippet = Snippet::source(&source.text).path(&source.path);
            if primary {
                let range = clamp(diagnostic.span, &source.text);
                snippet = snippet.annotation(AnnotationKind::Primary.span(range));
            }
            for label in labels {
                let range = clamp(label.span, &source.text);
                let annotation = AnnotationKind::Context.span(range).label(&label.text);
                snippet = snippet.annotation(annotation);
            }
            group = group.element(snippet);
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

/// A range inside the text that begins and ends between characters.
fn clamp(span: Span, text: &str) -> Range<usize> {
    let mut start = (span.start as usize).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (span.end as usize).clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// Collects diagnostics; one place breaks one rule once.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    list: Vec<Diagnostic>,
    seen: BTreeSet<(Span, u8)>,
}

impl Sink {
    /// Adds a diagnostic unless the same rule was already broken there.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.span, diagnostic.rule)) {
            self.list.push(diagnostic);
        }
    }

    /// Adds those of another sink that are new here, with a remark.
    pub(crate) fn merge(&mut self, other: Sink, remark: &str) {
        for mut diagnostic in other.list {
            if !self.seen.contains(&(diagnostic.span, diagnostic.rule)) {
                diagnostic.message.push_str(remark);
                self.push(diagnostic);
            }
        }
    }

    /// What was collected, in the order found.
    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }

    /// The diagnostics, sorted by place, or `Ok` if there are none.
    ///
    /// # Errors
    /// If anything was collected.
    pub(crate) fn finish(mut self, program: &Program) -> Result<(), Diagnostics> {
        if self.list.is_empty() {
            return Ok(());
        }
        self.list.sort_by_key(|diagnostic| diagnostic.span);
        self.list.truncate(MOST);
        Err(Diagnostics { list: self.list, sources: program.sources() })
    }
}
