//! The wgpu host: adapters, buffers, pass plans, timestamps, readback.
#![forbid(unsafe_code)]
