//! The kernel IR: typed, structured; op table, validator, printer and parser.
#![forbid(unsafe_code)]
