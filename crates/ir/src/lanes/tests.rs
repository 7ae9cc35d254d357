//! Shapes, flow and guards of the forms that kernels take.
