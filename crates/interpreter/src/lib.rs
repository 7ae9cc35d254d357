//! IR to register bytecode to VM; disassembler; line profile.
#![forbid(unsafe_code)]
