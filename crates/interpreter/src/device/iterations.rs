//! Iterations of a launch, in lanes and in scalar form.

use crossover_ir::AxisRange;

use super::launch::{Failure, Launch};
use crate::lanes::{Iterations, LaneLaunch, Scalars, Stopped};
use crate::vm::Exit;

impl Launch<'_, '_> {
    /// Runs iterations: in lanes where that goes, else in scalar form.
    pub(super) fn iterations(
        &mut self,
        axes: &[AxisRange],
        mut piece: Iterations,
        mut in_lanes: Option<&mut LaneLaunch<'_>>,
    ) -> Result<(), Failure> {
        while piece.start < piece.end {
            let scalar = match &mut in_lanes {
                None => piece,
                Some(lanes) => {
                    let mut scalars = Scalars {
                        unit: self.unit,
                        registers: self.registers,
                        memory: &mut self.memory,
                        watch: self.watch,
                    };
                    match lanes.run(&mut piece, &mut scalars) {
                        Ok(()) => return Ok(()),
                        Err((Stopped::Cancelled, _)) => return Err(Exit::Cancelled.into()),
                        Err((Stopped::Scalar, scalar)) => scalar,
                    }
                }
            };
            self.set_range(axes, scalar.start, scalar.end);
            self.execute()?;
            piece.start = scalar.end;
        }
        Ok(())
    }
}
