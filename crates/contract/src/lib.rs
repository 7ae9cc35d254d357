//! What a kernel and a backend owe each other; the parser of kernel.toml.
#![forbid(unsafe_code)]
