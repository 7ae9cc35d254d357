//! Reading the text form: modules, kernels and host level.

use std::collections::BTreeMap;

use crossover_values::{DType, ParamKind};

use super::ParseError;
use super::lex::{Lexer, Token};
use crate::{
    ArrayId, ArrayName, HostNode, Inst, Kernel, KernelParam, MAX_DEPTH, Module, Returned, Source,
    Span, ValueId, Var, VarId,
};

/// Reads a module.
///
/// # Errors
/// The first place where the text is no module. What it means is checked by
/// [`crate::validate`], not here.
pub fn parse(text: &str) -> Result<Module, ParseError> {
    let mut parser = Parser::new(text)?;
    let mut module = Module { sources: Vec::new(), kernels: Vec::new() };
    while parser.accept("source")? {
        let path = parser.text()?;
        let text = match parser.token {
            Token::Text(_) => parser.text()?,
            _ => String::new(),
        };
        module.sources.push(Source { path, text });
    }
    while parser.token != Token::End {
        parser.word("kernel")?;
        module.kernels.push(parser.kernel()?);
    }
    Ok(module)
}

/// Instructions by number, as their lines come.
pub(super) type Arena = BTreeMap<u32, Inst>;

/// A recursive-descent parser with one token of look-ahead.
pub(super) struct Parser<'t> {
    lexer: Lexer<'t>,
    pub(super) token: Token,
    line: usize,
    column: usize,
    depth: usize,
    /// Declared by the kernel being read.
    pub(super) arrays: Vec<ArrayName>,
    pub(super) host_vars: Vec<Var>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Result<Parser<'t>, ParseError> {
        let mut lexer = Lexer::new(text);
        let (token, line, column) = lexer.next()?;
        let (arrays, host_vars) = (Vec::new(), Vec::new());
        Ok(Parser { lexer, token, line, column, depth: 0, arrays, host_vars })
    }

    // ---- tokens

    pub(super) fn error<T>(&self, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError { line: self.line, column: self.column, message: message.into() })
    }

    fn expected<T>(&self, what: &str) -> Result<T, ParseError> {
        let found = match &self.token {
            Token::Word(word) | Token::Number(word) => format!("`{word}`"),
            Token::Name(sigil, name) => format!("`{sigil}{name}`"),
            Token::Text(_) => "a string".to_owned(),
            Token::Mark(mark) => format!("`{mark}`"),
            Token::Place(_) => "a span".to_owned(),
            Token::End => "the end of the text".to_owned(),
        };
        self.error(format!("{what} expected, {found} found"))
    }

    pub(super) fn advance(&mut self) -> Result<Token, ParseError> {
        let (token, line, column) = self.lexer.next()?;
        (self.line, self.column) = (line, column);
        Ok(std::mem::replace(&mut self.token, token))
    }

    /// Takes a word if it comes next.
    pub(super) fn accept(&mut self, word: &str) -> Result<bool, ParseError> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(found) if found == word)
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), ParseError> {
        if self.accept(word)? { Ok(()) } else { self.expected(&format!("`{word}`")) }
    }

    pub(super) fn accept_mark(&mut self, mark: char) -> Result<bool, ParseError> {
        let found = self.token == Token::Mark(mark);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn mark(&mut self, mark: char) -> Result<(), ParseError> {
        if self.accept_mark(mark)? { Ok(()) } else { self.expected(&format!("`{mark}`")) }
    }

    pub(super) fn any_word(&mut self, what: &str) -> Result<String, ParseError> {
        match &self.token {
            Token::Word(word) => {
                let word = word.clone();
                self.advance()?;
                Ok(word)
            }
            _ => self.expected(what),
        }
    }

    fn text(&mut self) -> Result<String, ParseError> {
        match &self.token {
            Token::Text(text) => {
                let text = text.clone();
                self.advance()?;
                Ok(text)
            }
            _ => self.expected("a string"),
        }
    }

    /// A number, or a word or signed word that names one (`inf`, `-inf`).
    pub(super) fn number(&mut self) -> Result<String, ParseError> {
        match &self.token {
            Token::Number(text) | Token::Word(text) => {
                let text = text.clone();
                self.advance()?;
                Ok(text)
            }
            _ => self.expected("a number"),
        }
    }

    pub(super) fn integer<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, ParseError> {
        let parsed = match &self.token {
            Token::Number(text) => text.parse().ok(),
            _ => None,
        };
        match parsed {
            Some(integer) => {
                self.advance()?;
                Ok(integer)
            }
            None => self.expected(what),
        }
    }

    /// A name with this sigil.
    pub(super) fn name(&mut self, sigil: char) -> Result<String, ParseError> {
        match &self.token {
            Token::Name(found, name) if *found == sigil => {
                let name = name.clone();
                self.advance()?;
                Ok(name)
            }
            _ => self.expected(&format!("a name with `{sigil}`")),
        }
    }

    /// `v12` or `r3`.
    pub(super) fn numbered(&mut self, letter: char) -> Result<u32, ParseError> {
        let parsed = match &self.token {
            Token::Word(word) => word.strip_prefix(letter).and_then(|digits| digits.parse().ok()),
            _ => None,
        };
        match parsed {
            Some(index) => {
                self.advance()?;
                Ok(index)
            }
            None => self.expected(&format!("`{letter}` with a number")),
        }
    }

    pub(super) fn value(&mut self) -> Result<ValueId, ParseError> {
        self.numbered('v').map(ValueId)
    }

    pub(super) fn dtype(&mut self) -> Result<DType, ParseError> {
        match &self.token {
            Token::Word(word) => match word.parse() {
                Ok(dtype) => {
                    self.advance()?;
                    Ok(dtype)
                }
                Err(_) => self.expected("a type"),
            },
            _ => self.expected("a type"),
        }
    }

    /// A span, if one comes next.
    pub(super) fn span(&mut self) -> Result<Span, ParseError> {
        match self.token {
            Token::Place(span) => {
                self.advance()?;
                Ok(span)
            }
            _ => Ok(Span::default()),
        }
    }

    /// Items between two marks, with commas.
    pub(super) fn list<T>(
        &mut self,
        (open, close): (char, char),
        mut item: impl FnMut(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        self.mark(open)?;
        let mut items = Vec::new();
        while self.token != Token::Mark(close) {
            if !items.is_empty() {
                self.mark(',')?;
            }
            items.push(item(self)?);
        }
        self.mark(close)?;
        Ok(items)
    }

    /// Items between braces, one level deeper.
    pub(super) fn braces<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        self.mark('{')?;
        self.depth += 1;
        // Two levels of braces (`region`, `body`) and those of the kernel are none of the IR's.
        if self.depth > MAX_DEPTH + 4 {
            return self.error(format!("blocks are nested deeper than {MAX_DEPTH}"));
        }
        let mut items = Vec::new();
        while self.token != Token::Mark('}') {
            items.push(item(self)?);
        }
        self.mark('}')?;
        self.depth -= 1;
        Ok(items)
    }

    // ---- names

    pub(super) fn find(
        &mut self,
        sigil: char,
        what: &str,
        find: impl Fn(&Self, &str) -> Option<usize>,
    ) -> Result<u32, ParseError> {
        let Token::Name(found, name) = &self.token else {
            return self.expected(&format!("a name with `{sigil}`"));
        };
        let position = if *found == sigil { find(self, name) } else { None };
        match position {
            Some(position) => {
                self.advance()?;
                Ok(position as u32)
            }
            None => self.expected(&format!("a declared {what}")),
        }
    }

    pub(super) fn array(&mut self) -> Result<ArrayId, ParseError> {
        let find =
            |parser: &Self, name: &str| parser.arrays.iter().position(|array| array.name == name);
        self.find('@', "array", find).map(ArrayId)
    }

    pub(super) fn host_var(&mut self) -> Result<VarId, ParseError> {
        let find =
            |parser: &Self, name: &str| parser.host_vars.iter().position(|var| var.name == name);
        self.find('%', "variable", find).map(VarId)
    }

    // ---- kernels

    fn kernel(&mut self) -> Result<Kernel, ParseError> {
        let name = match self.token {
            Token::Text(_) => self.text()?,
            _ => self.any_word("a kernel's name")?,
        };
        self.mark('{')?;
        self.arrays.clear();
        self.host_vars.clear();
        while self.accept("array")? {
            let name = self.name('@')?;
            self.mark(':')?;
            let dtype = self.dtype()?;
            let rank = self.rank()? as u32;
            self.arrays.push(ArrayName { name, dtype, rank });
        }
        self.host_vars = self.vars()?;
        self.word("params")?;
        let params = self.list(('(', ')'), |parser| match parser.token {
            Token::Name('@', _) => parser.array().map(KernelParam::Array),
            _ => parser.host_var().map(KernelParam::Scalar),
        })?;
        let mut returns = Vec::new();
        if self.accept("returns")? {
            returns = self.list(('(', ')'), Self::kind)?;
        }
        self.word("host")?;
        let mut insts = Arena::new();
        let host = self.braces(|parser| parser.node(&mut insts))?;
        self.mark('}')?;
        let insts = self.arena(insts)?;
        let (arrays, vars) =
            (std::mem::take(&mut self.arrays), std::mem::take(&mut self.host_vars));
        Ok(Kernel { name, params, returns, vars, arrays, insts, host })
    }

    pub(super) fn vars(&mut self) -> Result<Vec<Var>, ParseError> {
        let mut vars = Vec::new();
        while self.accept("var")? {
            let name = self.name('%')?;
            self.mark(':')?;
            vars.push(Var { name, dtype: self.dtype()? });
        }
        Ok(vars)
    }

    /// `[:]` or `[:, :]`.
    fn rank(&mut self) -> Result<usize, ParseError> {
        Ok(self.list(('[', ']'), |parser| parser.mark(':'))?.len())
    }

    fn kind(&mut self) -> Result<ParamKind, ParseError> {
        let dtype = self.dtype()?;
        if self.token == Token::Mark('[') {
            Ok(ParamKind::Array { dtype, rank: self.rank()? })
        } else {
            Ok(ParamKind::Scalar(dtype))
        }
    }

    /// The instructions of an arena in order; each number up to the highest has its line.
    pub(super) fn arena(&self, arena: Arena) -> Result<Vec<Inst>, ParseError> {
        match arena.keys().zip(0_u32..).find(|(key, position)| *key != position) {
            Some((_, missing)) => self.error(format!("value v{missing} is never evaluated")),
            None => Ok(arena.into_values().collect()),
        }
    }

    // ---- host level

    fn node(&mut self, insts: &mut Arena) -> Result<HostNode, ParseError> {
        let word = match &self.token {
            Token::Word(word) => word.clone(),
            _ => return self.expected("a host node"),
        };
        match word.as_str() {
            "set" => {
                self.advance()?;
                let var = self.host_var()?;
                self.mark('=')?;
                Ok(HostNode::Set { var, value: self.value()? })
            }
            "if" => self.host_if(insts),
            "loop" => self.host_loop(insts),
            "for" => self.host_for(insts),
            "break" => self.advance().map(|_| HostNode::Break),
            "continue" => self.advance().map(|_| HostNode::Continue),
            "region" => self.region().map(HostNode::Region),
            "serial" => self.serial().map(HostNode::Serial),
            "bind" => {
                self.advance()?;
                let pairs = self.list(('(', ')'), |parser| {
                    let name = parser.array()?;
                    parser.mark('=')?;
                    Ok((name, parser.array()?))
                })?;
                Ok(HostNode::Bind { pairs, span: self.span()? })
            }
            "zeros" => {
                self.advance()?;
                let array = self.array()?;
                let extents = self.list(('[', ']'), Self::value)?;
                Ok(HostNode::Zeros { array, extents, span: self.span()? })
            }
            "return" => {
                self.advance()?;
                let values = self.list(('(', ')'), |parser| match parser.token {
                    Token::Name(..) => parser.array().map(Returned::Array),
                    _ => parser.value().map(Returned::Scalar),
                })?;
                Ok(HostNode::Return { values, span: self.span()? })
            }
            _ => self.inst(insts, None).map(HostNode::Eval),
        }
    }

    fn host_if(&mut self, insts: &mut Arena) -> Result<HostNode, ParseError> {
        self.advance()?;
        let cond = self.value()?;
        let span = self.span()?;
        let then = self.braces(|parser| parser.node(insts))?;
        let mut otherwise = Vec::new();
        if self.accept("else")? {
            otherwise = self.braces(|parser| parser.node(insts))?;
        }
        Ok(HostNode::If { cond, then, otherwise, span })
    }

    fn host_loop(&mut self, insts: &mut Arena) -> Result<HostNode, ParseError> {
        self.advance()?;
        let span = self.span()?;
        let header = self.braces(|parser| parser.node(insts))?;
        let cond = self.condition()?;
        let body = self.braces(|parser| parser.node(insts))?;
        Ok(HostNode::Loop { header, cond, body, span })
    }

    /// `while v3` or `while true`.
    pub(super) fn condition(&mut self) -> Result<Option<ValueId>, ParseError> {
        self.word("while")?;
        if self.accept("true")? { Ok(None) } else { self.value().map(Some) }
    }

    fn host_for(&mut self, insts: &mut Arena) -> Result<HostNode, ParseError> {
        self.advance()?;
        let var = self.host_var()?;
        let (lo, hi, step) = self.range()?;
        let span = self.span()?;
        let body = self.braces(|parser| parser.node(insts))?;
        Ok(HostNode::For { var, lo, hi, step, body, span })
    }

    /// `= v0 to v1 step 1`.
    pub(super) fn range(&mut self) -> Result<(ValueId, ValueId, i64), ParseError> {
        self.mark('=')?;
        let lo = self.value()?;
        self.word("to")?;
        let hi = self.value()?;
        self.word("step")?;
        Ok((lo, hi, self.integer("a step")?))
    }

    pub(super) fn fail_here<T>(&self, what: &str) -> Result<T, ParseError> {
        self.expected(what)
    }
}
