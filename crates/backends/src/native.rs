//! Hand-written Rust: the kernel's own variants, each on a thread pool of the size asked for.

use std::collections::BTreeMap;
use std::time::Instant;

use crossover_contract::{
    Adapter, Backend, Failure, Kernel, NativeCall, NativeError, NativeVariant, Outcome, Phase,
    Prepared, Target, Variant,
};
use crossover_values::{DType, Signature, Value};

use crate::front;
use crate::outputs::{nanoseconds, outputs, phase};

/// The backend `native`.
#[derive(Debug)]
pub struct Native;

impl Backend for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn variants(&self, kernel: &Kernel, dtype: DType) -> Vec<Variant> {
        let there = kernel.code.variants.iter().filter(|variant| variant.is_for(dtype));
        let variant = |native: &NativeVariant| Variant {
            name: native.name.to_owned(),
            doc: native.doc.to_owned(),
            promise: native.promise,
            threaded: native.threaded,
        };
        there.map(variant).collect()
    }

    fn adapters(&self) -> Result<Vec<Adapter>, Failure> {
        Ok(Vec::new())
    }

    fn prepare(&self, target: &Target<'_>) -> Result<Box<dyn Prepared>, Failure> {
        let wanted = |variant: &&NativeVariant| {
            variant.name == target.variant && variant.is_for(target.dtype)
        };
        let variant = target.kernel.code.variants.iter().find(wanted).ok_or_else(|| {
            let (variant, dtype) = (target.variant, target.dtype);
            Failure::Unavailable(format!("no native variant `{variant}` in {dtype}"))
        })?;
        let threads = if variant.threaded { target.threads } else { 1 };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| Failure::Failed(format!("{threads} threads: {error}")))?;
        let signature = front::signature(target.kernel, target.dtype)?;
        let (dtype, parameters) = (target.dtype, target.case.parameters.clone());
        Ok(Box::new(PreparedNative { variant, dtype, threads, pool, signature, parameters }))
    }
}

struct PreparedNative {
    variant: &'static NativeVariant,
    dtype: DType,
    threads: usize,
    pool: rayon::ThreadPool,
    signature: Signature,
    parameters: BTreeMap<String, f64>,
}

impl Prepared for PreparedNative {
    fn phases(&self) -> &[Phase] {
        &[]
    }

    fn run(&mut self, mut arguments: Vec<Value>) -> Result<Outcome, Failure> {
        let mut call = NativeCall {
            dtype: self.dtype,
            arguments: &mut arguments,
            returned: Vec::new(),
            threads: self.threads,
            parameters: &self.parameters,
            facts: BTreeMap::new(),
        };
        let start = Instant::now();
        // A variant on one thread runs on the pool too, so that every variant pays the same way in.
        let result = self.pool.install(|| (self.variant.run)(&mut call));
        let wall = start.elapsed();
        result.map_err(|error| match error {
            NativeError::Refused(reason) => Failure::Unavailable(reason),
            other => Failure::Failed(other.to_string()),
        })?;
        let (returned, facts) = (call.returned, call.facts);
        Ok(Outcome {
            outputs: outputs(&self.signature, arguments, returned)?,
            wall_ns: nanoseconds(wall),
            phases: vec![phase("run", wall)],
            back_edges: None,
            facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }
}
