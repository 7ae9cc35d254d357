//! Limits for untrusted source text, checked on bytes and tokens before a tree is built.
//!
//! A tree would be too late: the parser recurses without a limit, and so does dropping its result.

use crossover_ir::Span;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::{File, ir_source};

/// Limits for untrusted input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub bytes: usize,
    /// Tokens of one file.
    pub tokens: usize,
    /// Brackets, indentation and right-nested operators (unary ones, `**`, `x if c else y`) open
    /// at one place.
    pub nesting: usize,
    /// Operators in one logical line.
    pub operator_chain: usize,
    /// Instructions of one kernel after every call is inlined.
    pub instructions: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes: 1 << 20,
            tokens: 20_000,
            nesting: 64,
            operator_chain: 1_000,
            instructions: 200_000,
        }
    }
}

/// Stack for one compilation. Trees within the limits need a few MiB in an unoptimised build, more
/// than a thread has by default.
const STACK: usize = 64 << 20;

/// Runs a compilation on a stack that is large enough for every tree within the limits: on the
/// caller's thread, for starting another takes longer than most kernels do.
pub(crate) fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK, STACK, work)
}

/// Decodes a file's bytes.
pub(crate) fn decode(path: &str, bytes: &[u8]) -> Result<File, Diagnostics> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(File { path: path.to_owned(), text: text.to_owned() }),
        Err(error) => {
            let offset = error.valid_up_to();
            let known = String::from_utf8_lossy(&bytes[..offset]).into_owned();
            let at = u32::try_from(offset).unwrap_or(u32::MAX);
            let span = Span { file: 0, start: at, end: at };
            let file = File { path: path.to_owned(), text: known };
            let found = format!("byte {offset} is not UTF-8");
            let diagnostic = Diagnostic::new(0, span, found).help("save the file as UTF-8");
            Err(Diagnostics { list: vec![diagnostic], sources: vec![ir_source(&file)] })
        }
    }
}

/// Checks one file's text.
///
/// # Errors
/// The first limit that is passed, at its place.
pub(crate) fn check(file: u32, text: &str, limits: &Limits) -> Result<(), Diagnostic> {
    let place = |start: usize, end: usize| {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        Span { file, start, end: u32::try_from(end).unwrap_or(u32::MAX) }
    };
    if text.len() > limits.bytes {
        let found = format!("the file has {} bytes; the limit is {}", text.len(), limits.bytes);
        return Err(Diagnostic::new(0, place(0, 0), found).help("split the kernel"));
    }
    if let Some(at) = text.find('\0') {
        let found = format!("byte {at} is NUL");
        return Err(Diagnostic::new(0, place(at, at + 1), found).help("remove it"));
    }
    let Some((found, help)) = scan(text, limits) else { return Ok(()) };
    let end = first_excess(text, limits);
    let start = (0..end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    Err(Diagnostic::new(0, place(start, end), found).help(help))
}

/// The first limit on tokens that a text passes.
fn scan(text: &str, limits: &Limits) -> Option<(String, &'static str)> {
    let mut counts = Counts::default();
    let mut lexer = lexer::lex(text, Mode::Module);
    loop {
        let kind = lexer.next_token();
        if kind == TokenKind::EndOfFile {
            return None;
        }
        if let Some(excess) = counts.add(kind, limits) {
            return Some(excess);
        }
    }
}

/// End of the shortest beginning of the text that passes a limit. The lexer does not tell where
/// its tokens stand, so this is found by bisection.
fn first_excess(text: &str, limits: &Limits) -> usize {
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    let (mut within, mut beyond) = (0, text.len());
    while within + 1 < beyond {
        let middle = boundary(within.midpoint(beyond));
        if middle >= beyond {
            break;
        }
        match scan(&text[..middle], limits) {
            Some(_) => beyond = middle,
            None => within = middle,
        }
    }
    beyond
}

/// What has been counted so far.
#[derive(Default)]
struct Counts {
    tokens: usize,
    operators: usize,
    indents: usize,
    /// One entry per open bracket: right-nested operators inside it, so far. The first entry is
    /// the logical line itself.
    open: Vec<usize>,
    line: usize,
    prefix: usize,
    after_operand: bool,
}

impl Counts {
    fn add(&mut self, kind: TokenKind, limits: &Limits) -> Option<(String, &'static str)> {
        self.tokens += 1;
        self.count(kind);
        if self.tokens > limits.tokens {
            let found = format!("the file has more than {} tokens", limits.tokens);
            return Some((found, "split the kernel"));
        }
        let right: usize = self.open.iter().sum();
        let depth = self.indents + self.open.len() + self.line + right + self.prefix;
        if depth > limits.nesting {
            let found = format!("nesting is deeper than {}", limits.nesting);
            return Some((found, "move the inner part to a function or a variable"));
        }
        if self.operators > limits.operator_chain {
            let found = format!("more than {} operators in one line", limits.operator_chain);
            return Some((found, "use variables for parts of the expression"));
        }
        None
    }

    fn count(&mut self, kind: TokenKind) {
        use TokenKind as T;
        let after_operand = self.after_operand;
        self.after_operand = false;
        match kind {
            T::Newline | T::Semi if self.open.is_empty() => {
                self.operators = 0;
                self.line = 0;
                self.prefix = 0;
            }
            T::Comma => self.prefix = 0,
            T::Indent => self.indents += 1,
            T::Dedent => self.indents = self.indents.saturating_sub(1),
            T::Lpar | T::Lsqb | T::Lbrace | T::FStringStart | T::TStringStart => {
                self.operators += usize::from(after_operand);
                self.open.push(self.prefix);
                self.prefix = 0;
            }
            T::Rpar | T::Rsqb | T::Rbrace | T::FStringEnd | T::TStringEnd => {
                self.open.pop();
                self.after_operand = true;
                self.prefix = 0;
            }
            T::Not | T::Tilde | T::Await => self.prefix += 1,
            T::Plus | T::Minus | T::Star if !after_operand => self.prefix += 1,
            // `**` and the `else` of a conditional expression nest to the right; so does lambda.
            T::DoubleStar | T::Else | T::Lambda | T::ColonEqual | T::Yield => {
                self.operators += 1;
                self.nest_right();
            }
            kind if kind.is_operator()
                || matches!(kind, T::And | T::Or | T::If | T::In | T::Is) =>
            {
                self.operators += 1;
                self.prefix = 0;
            }
            T::Comment | T::NonLogicalNewline => self.after_operand = after_operand,
            T::Name | T::Int | T::Float | T::Complex | T::String | T::True | T::False | T::None => {
                self.after_operand = true;
                self.prefix = 0;
            }
            _ => self.prefix = 0,
        }
    }

    fn nest_right(&mut self) {
        match self.open.last_mut() {
            Some(inner) => *inner += 1,
            None => self.line += 1,
        }
    }
}
