//! Reading the text form: regions, serial sections, statements and instructions.

use crossover_values::{DType, Scalar};

use super::ParseError;
use super::lex::Token;
use super::parse::{Arena, Parser};
use crate::{
    Atomic, AtomicOp, Axis, Block, Code, Inst, InstKind, Op, Reduce, ReduceId, ReduceOp,
    ReduceScope, Region, Scratch, ScratchId, Serial, Stmt, ValueId, VarId,
};

const REDUCES: [(&str, ReduceOp); 8] = [
    ("add", ReduceOp::Add),
    ("or", ReduceOp::Or),
    ("xor", ReduceOp::Xor),
    ("and", ReduceOp::And),
    ("min", ReduceOp::Min),
    ("max", ReduceOp::Max),
    ("argmin", ReduceOp::ArgMin),
    ("argmax", ReduceOp::ArgMax),
];

const ATOMICS: [(&str, AtomicOp); 10] = [
    ("add", AtomicOp::Add),
    ("min", AtomicOp::Min),
    ("max", AtomicOp::Max),
    ("and", AtomicOp::And),
    ("or", AtomicOp::Or),
    ("xor", AtomicOp::Xor),
    ("exchange", AtomicOp::Exchange),
    ("compare_exchange", AtomicOp::CompareExchange),
    ("load", AtomicOp::Load),
    ("store", AtomicOp::Store),
];

/// Name of a reduction operator.
pub(super) fn reduce_name(op: ReduceOp) -> &'static str {
    REDUCES.iter().find(|(_, it)| *it == op).map_or("?", |(name, _)| name)
}

/// Name of an atomic operation.
pub(super) fn atomic_name(op: AtomicOp) -> &'static str {
    ATOMICS.iter().find(|(_, it)| *it == op).map_or("?", |(name, _)| name)
}

impl Parser<'_> {
    pub(super) fn region(&mut self) -> Result<Region, ParseError> {
        self.advance()?;
        let span = self.span()?;
        self.mark('{')?;
        let (mut code, mut insts) = (self.declarations()?, Arena::new());
        let mut axes = Vec::new();
        while self.accept("axis")? {
            let index = self.lane_var(&code)?;
            let (lo, hi, step) = self.range()?;
            let prefix = match self.token {
                Token::Mark('{') => self.block(&code, &mut insts)?,
                _ => Block::new(),
            };
            axes.push(Axis { index, lo, hi, step, prefix });
        }
        self.body(&mut code, insts)?;
        Ok(Region { axes, code, span })
    }

    pub(super) fn serial(&mut self) -> Result<Serial, ParseError> {
        self.advance()?;
        let span = self.span()?;
        self.mark('{')?;
        let mut code = self.declarations()?;
        self.body(&mut code, Arena::new())?;
        Ok(Serial { code, span })
    }

    /// `body { … } }`.
    fn body(&mut self, code: &mut Code, mut insts: Arena) -> Result<(), ParseError> {
        self.word("body")?;
        code.body = self.block(code, &mut insts)?;
        self.mark('}')?;
        code.insts = self.arena(insts)?;
        Ok(())
    }

    fn declarations(&mut self) -> Result<Code, ParseError> {
        let mut code = Code { vars: self.vars()?, ..Code::default() };
        while self.accept("scratch")? {
            let name = self.name('$')?;
            self.mark(':')?;
            let dtype = self.dtype()?;
            self.mark('[')?;
            let len = self.integer("a length")?;
            self.mark(']')?;
            code.scratch.push(Scratch { name, dtype, len });
        }
        while self.accept("reduce")? {
            let reduce = self.reduction(&code)?;
            code.reduces.push(reduce);
        }
        Ok(code)
    }

    fn reduction(&mut self, code: &Code) -> Result<Reduce, ParseError> {
        if self.numbered('r')? as usize != code.reduces.len() {
            return self
                .error(format!("reductions are numbered: r{} comes next", code.reduces.len()));
        }
        self.mark('=')?;
        let word = self.any_word("a reduction operator")?;
        let Some((_, op)) = REDUCES.iter().find(|(name, _)| *name == word) else {
            return self.error(format!("`{word}` is no reduction operator"));
        };
        let dtype = self.dtype()?;
        let scope = match self.any_word("`region` or `loop`")?.as_str() {
            "region" => ReduceScope::Region,
            "loop" => ReduceScope::Loop,
            other => return self.error(format!("`{other}` is neither `region` nor `loop`")),
        };
        let var = |parser: &mut Self| match scope {
            ReduceScope::Region => parser.host_var(),
            ReduceScope::Loop => parser.lane_var(code),
        };
        let target = var(self)?;
        let payload = match self.token {
            Token::Mark('(') => self.list(('(', ')'), var)?,
            _ => Vec::new(),
        };
        Ok(Reduce { op: *op, dtype, scope, target, payload })
    }

    fn lane_var(&mut self, code: &Code) -> Result<VarId, ParseError> {
        let find = |_: &Self, name: &str| code.vars.iter().position(|var| var.name == name);
        self.find('%', "lane variable", find).map(VarId)
    }

    fn scratch(&mut self, code: &Code) -> Result<ScratchId, ParseError> {
        let find = |_: &Self, name: &str| code.scratch.iter().position(|it| it.name == name);
        self.find('$', "scratch array", find).map(ScratchId)
    }

    fn block(&mut self, code: &Code, insts: &mut Arena) -> Result<Block, ParseError> {
        self.braces(|parser| parser.stmt(code, insts))
    }

    fn stmt(&mut self, code: &Code, insts: &mut Arena) -> Result<Stmt, ParseError> {
        let word = match &self.token {
            Token::Word(word) => word.clone(),
            _ => return self.fail_here("a statement"),
        };
        match word.as_str() {
            "set" => {
                self.advance()?;
                let var = self.lane_var(code)?;
                self.mark('=')?;
                Ok(Stmt::Set { var, value: self.value()? })
            }
            "sethost" => {
                self.advance()?;
                let var = self.host_var()?;
                self.mark('=')?;
                Ok(Stmt::HostSet { var, value: self.value()? })
            }
            "store" => self.store(code),
            "clear" => {
                self.advance()?;
                self.scratch(code).map(Stmt::ScratchZero)
            }
            "if" => self.lane_if(code, insts),
            "switch" => self.switch(code, insts),
            "loop" => self.lane_loop(code, insts),
            "for" => self.lane_for(code, insts),
            "reduce" => self.contribution(),
            "break" => self.advance().map(|_| Stmt::Break),
            "continue" => self.advance().map(|_| Stmt::Continue),
            "return" => self.advance().map(|_| Stmt::Return),
            "trap" => {
                self.advance()?;
                let number = self.integer("a trap's number")?;
                self.word("if")?;
                let cond = self.value()?;
                Ok(Stmt::Trap { cond, code: number, span: self.span()? })
            }
            _ => self.inst(insts, Some(code)).map(Stmt::Eval),
        }
    }

    fn store(&mut self, code: &Code) -> Result<Stmt, ParseError> {
        self.advance()?;
        if let Token::Name('$', _) = self.token {
            let scratch = self.scratch(code)?;
            self.mark('[')?;
            let index = self.value()?;
            self.mark(']')?;
            self.mark('=')?;
            let value = self.value()?;
            return Ok(Stmt::ScratchStore { scratch, index, value, span: self.span()? });
        }
        let array = self.array()?;
        let indices = self.list(('[', ']'), Self::value)?;
        self.mark('=')?;
        let value = self.value()?;
        Ok(Stmt::Store { array, indices, value, span: self.span()? })
    }

    fn lane_if(&mut self, code: &Code, insts: &mut Arena) -> Result<Stmt, ParseError> {
        self.advance()?;
        let cond = self.value()?;
        let span = self.span()?;
        let then = self.block(code, insts)?;
        let mut otherwise = Block::new();
        if self.accept("else")? {
            otherwise = self.block(code, insts)?;
        }
        Ok(Stmt::If { cond, then, otherwise, span })
    }

    fn switch(&mut self, code: &Code, insts: &mut Arena) -> Result<Stmt, ParseError> {
        self.advance()?;
        let selector = self.value()?;
        let span = self.span()?;
        self.mark('{')?;
        let mut cases = Vec::new();
        while self.accept("case")? {
            let value = self.integer("a case")?;
            cases.push((value, self.block(code, insts)?));
        }
        self.word("default")?;
        let default = self.block(code, insts)?;
        self.mark('}')?;
        Ok(Stmt::Switch { selector, cases, default, span })
    }

    fn lane_loop(&mut self, code: &Code, insts: &mut Arena) -> Result<Stmt, ParseError> {
        self.advance()?;
        let span = self.span()?;
        let header = self.block(code, insts)?;
        let cond = self.condition()?;
        let body = self.block(code, insts)?;
        let mut continuing = Block::new();
        if self.accept("continuing")? {
            continuing = self.block(code, insts)?;
        }
        Ok(Stmt::Loop { header, cond, body, continuing, span })
    }

    fn lane_for(&mut self, code: &Code, insts: &mut Arena) -> Result<Stmt, ParseError> {
        self.advance()?;
        let var = self.lane_var(code)?;
        let (lo, hi, step) = self.range()?;
        let mut parallel = None;
        if self.accept("parallel")? {
            let reduce = |parser: &mut Self| parser.numbered('r').map(ReduceId);
            parallel = Some(self.list(('(', ')'), reduce)?);
        }
        let span = self.span()?;
        let body = self.block(code, insts)?;
        Ok(Stmt::For { var, lo, hi, step, body, parallel, span })
    }

    fn contribution(&mut self) -> Result<Stmt, ParseError> {
        self.advance()?;
        let reduce = ReduceId(self.numbered('r')?);
        let value = self.value()?;
        let payload = match self.token {
            Token::Mark('(') => self.list(('(', ')'), Self::value)?,
            _ => Vec::new(),
        };
        Ok(Stmt::Reduce { reduce, value, payload })
    }

    /// `v0: f32 = …`, into the arena; at host level without `code`.
    pub(super) fn inst(
        &mut self,
        insts: &mut Arena,
        code: Option<&Code>,
    ) -> Result<ValueId, ParseError> {
        let value = self.value()?;
        self.mark(':')?;
        let dtype = self.dtype()?;
        self.mark('=')?;
        let kind = self.inst_kind(dtype, code)?;
        let span = self.span()?;
        if insts.insert(value.0, Inst { kind, dtype, span }).is_some() {
            return self.error(format!("value v{} is evaluated twice", value.0));
        }
        Ok(value)
    }

    fn inst_kind(&mut self, dtype: DType, code: Option<&Code>) -> Result<InstKind, ParseError> {
        let word = self.any_word("an instruction")?;
        match word.as_str() {
            "const" => self.constant(dtype).map(InstKind::Const),
            "get" => match code {
                Some(code) => self.lane_var(code).map(InstKind::Get),
                None => self.host_var().map(InstKind::Get),
            },
            "host" => self.host_var().map(InstKind::HostGet),
            "extent" => {
                let array = self.array()?;
                Ok(InstKind::Extent { array, axis: self.integer("an axis")? })
            }
            "load" => match (&self.token, code) {
                (Token::Name('$', _), Some(code)) => {
                    let scratch = self.scratch(code)?;
                    self.mark('[')?;
                    let index = self.value()?;
                    self.mark(']')?;
                    Ok(InstKind::ScratchLoad { scratch, index })
                }
                _ => {
                    let array = self.array()?;
                    Ok(InstKind::Load { array, indices: self.list(('[', ']'), Self::value)? })
                }
            },
            "atomic" => self.atomic().map(InstKind::Atomic),
            name => match Op::from_name(name) {
                Some(op) => {
                    let mut args = Vec::new();
                    // An operand, not the next line: that has a colon after its value.
                    while args.len() < op.info().signature.arity() {
                        args.push(self.value()?);
                    }
                    Ok(InstKind::Op { op, args })
                }
                None => self.error(format!("`{name}` is no instruction")),
            },
        }
    }

    fn atomic(&mut self) -> Result<Atomic, ParseError> {
        let word = self.any_word("an atomic operation")?;
        let Some((_, op)) = ATOMICS.iter().find(|(name, _)| *name == word) else {
            return self.error(format!("`{word}` is no atomic operation"));
        };
        let array = self.array()?;
        let indices = self.list(('[', ']'), Self::value)?;
        let args = self.list(('(', ')'), Self::value)?;
        Ok(Atomic { op: *op, array, indices, args })
    }

    /// A constant of a type, in the form that keeps its bits.
    pub(super) fn constant(&mut self, dtype: DType) -> Result<Scalar, ParseError> {
        let mut text = self.number()?;
        if text == "nan" {
            text = format!("nan {}", self.number()?);
        }
        match scalar(dtype, &text) {
            Some(scalar) => Ok(scalar),
            None => self.error(format!("`{text}` is no {dtype}")),
        }
    }
}

/// Reads a scalar as [`Scalar`]'s `Display` writes it; a NaN as `nan` or `nan 0x…` with its bits.
/// A `u8` reads as the `u32` that a load of it gives.
fn scalar(dtype: DType, text: &str) -> Option<Scalar> {
    let bits = || u64::from_str_radix(text.strip_prefix("nan 0x")?, 16).ok();
    match dtype {
        DType::Bool => text.parse().ok().map(Scalar::Bool),
        DType::U8 => text.parse::<u8>().ok().map(|value| Scalar::U32(u32::from(value))),
        DType::I32 => text.parse().ok().map(Scalar::I32),
        DType::U32 => text.parse().ok().map(Scalar::U32),
        DType::I64 => text.parse().ok().map(Scalar::I64),
        DType::U64 => text.parse().ok().map(Scalar::U64),
        DType::F32 | DType::F64 => match bits() {
            Some(bits) => Some(Scalar::from_bits(dtype, bits)).filter(|it| it.as_f64().is_nan()),
            None if dtype == DType::F32 => text.parse().ok().map(Scalar::F32),
            None => text.parse().ok().map(Scalar::F64),
        },
    }
}
