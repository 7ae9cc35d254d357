//! Words of the text form, with their places.

use crate::Span;

use super::ParseError;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A bare word: `kernel`, `v0`, `f32`, `inf`.
    Word(String),
    /// A name with its sigil, one of `% @ $`.
    Name(char, String),
    /// A quoted string.
    Text(String),
    /// A number as written, `-` included.
    Number(String),
    /// One of `{ } ( ) [ ] : , =`.
    Mark(char),
    /// `!file:start..end`.
    Place(Span),
    /// End of the text.
    End,
}

/// Reads tokens one by one.
pub(super) struct Lexer<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    line: usize,
    column: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { rest: text.chars().peekable(), line: 1, column: 1 }
    }

    /// The next token with its line and column.
    pub(super) fn next(&mut self) -> Result<(Token, usize, usize), ParseError> {
        self.skip();
        let (line, column) = (self.line, self.column);
        let token = match self.rest.peek().copied() {
            None => Token::End,
            Some(c @ ('{' | '}' | '(' | ')' | '[' | ']' | ':' | ',' | '=')) => {
                self.bump();
                Token::Mark(c)
            }
            Some(sigil @ ('%' | '@' | '$')) => {
                self.bump();
                let name = if self.rest.peek() == Some(&'"') { self.text()? } else { self.word() };
                if name.is_empty() {
                    return Err(self.error("a name must follow the sigil"));
                }
                Token::Name(sigil, name)
            }
            Some('"') => Token::Text(self.text()?),
            Some('!') => {
                self.bump();
                let place = self.word_with(|c| c.is_ascii_digit() || c == ':' || c == '.');
                Token::Place(span(&place).ok_or_else(|| self.error("a span is file:start..end"))?)
            }
            Some(c) if c.is_ascii_digit() || c == '-' => Token::Number(self.number()),
            Some(c) if is_word(c) => Token::Word(self.word()),
            Some(c) => return Err(self.error(&format!("{c:?} means nothing here"))),
        };
        Ok((token, line, column))
    }

    fn error(&self, message: &str) -> ParseError {
        ParseError { line: self.line, column: self.column, message: message.to_owned() }
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    /// White space and comments.
    fn skip(&mut self) {
        while let Some(c) = self.rest.peek() {
            match c {
                '#' => {
                    while self.rest.peek().is_some_and(|c| *c != '\n') {
                        self.bump();
                    }
                }
                c if c.is_whitespace() => {
                    self.bump();
                }
                _ => return,
            }
        }
    }

    fn word(&mut self) -> String {
        self.word_with(is_word)
    }

    fn word_with(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.peek().copied().filter(|c| belongs(*c)) {
            word.push(c);
            self.bump();
        }
        word
    }

    /// A number: word characters, with a sign first or after an exponent's `e`.
    fn number(&mut self) -> String {
        let mut number = String::new();
        while let Some(c) = self.rest.peek().copied() {
            let sign = matches!(c, '-' | '+')
                && (number.is_empty() || number.ends_with('e'))
                && !number.starts_with("0x");
            if !sign && !is_word(c) {
                break;
            }
            number.push(c);
            self.bump();
        }
        number
    }

    fn text(&mut self) -> Result<String, ParseError> {
        self.bump();
        let mut text = String::new();
        loop {
            match self.bump() {
                None | Some('\n') => return Err(self.error("a string ends on its line")),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        match self.bump() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(c @ ('"' | '\\')) => Ok(c),
            Some('u') => {
                let unknown = self.error("an escape is \\u{hex digits}");
                if self.bump() != Some('{') {
                    return Err(unknown);
                }
                let digits = self.word_with(|c| c.is_ascii_hexdigit());
                let found = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                match (found, self.bump()) {
                    (Some(c), Some('}')) => Ok(c),
                    _ => Err(unknown),
                }
            }
            _ => Err(self.error("unknown escape")),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

fn span(text: &str) -> Option<Span> {
    let (file, range) = text.split_once(':')?;
    let (start, end) = range.split_once("..")?;
    Some(Span { file: file.parse().ok()?, start: start.parse().ok()?, end: end.parse().ok()? })
}
