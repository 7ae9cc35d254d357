//! Host level: maximal runs of statements that touch elements become serial sections (rule 9).

use crossover_ir::{Code, Serial, Span};

use super::node::{self, Node};
use super::{Arena, Lane, LaneKind, Lowerer};
use crate::typed::Stm;

impl<'a> Lowerer<'a> {
    /// Before a statement at host level: opens or closes a serial section.
    pub(super) fn prepare_host(&mut self, stm: &'a Stm) {
        let serial = self.facts.is_serial(stm, self.typed);
        match (&self.lane, serial) {
            (None, true) => self.open_lane(LaneKind::Serial, stm.span),
            (Some(_), false) => self.close_serial(),
            (None, false) | (Some(_), true) => {}
        }
    }

    pub(super) fn open_lane(&mut self, kind: LaneKind, span: Span) {
        self.lane = Some(Lane {
            kind,
            arena: Arena::default(),
            scratch: Vec::new(),
            reduces: Vec::new(),
            stores: std::collections::BTreeMap::new(),
            span,
        });
        self.blocks.push(Vec::new());
    }

    pub(super) fn close_serial(&mut self) {
        let nodes = self.close();
        let Some(lane) = self.lane.take() else { return };
        let span = lane.span;
        match node::lane(nodes) {
            Ok(body) => {
                let code = finish(lane, body);
                self.push(Node::Serial(Box::new(Serial { code, span })));
            }
            Err(node::Misplaced) => self.internal(span),
        }
    }
}

/// The code of a lane whose statements are known.
pub(super) fn finish(lane: Lane, body: crossover_ir::Block) -> Code {
    let Lane { arena, scratch, reduces, .. } = lane;
    Code { vars: arena.vars, scratch, reduces, insts: arena.insts, body }
}
