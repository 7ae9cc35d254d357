//! Plan, worker processes, verification, sampling, statistics, record.
#![forbid(unsafe_code)]
