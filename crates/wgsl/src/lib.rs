//! IR to WGSL text and bindings; shader reflection and checks with naga; no device.
#![forbid(unsafe_code)]
