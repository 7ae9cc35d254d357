//! The data model of a run: serde types, schema version, reading and writing.
#![forbid(unsafe_code)]
