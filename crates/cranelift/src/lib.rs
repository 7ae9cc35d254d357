//! IR to Cranelift to machine code.
