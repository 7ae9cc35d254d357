//! WGSL through wgpu: the hand-tuned shader of a kernel, and the one generated from its IR.

mod adapter;
pub(crate) mod generated;
mod recorder;
mod transfer;
pub(crate) mod tuned;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossover_contract::{Adapter, Backend, Failure, Kernel, Prepared, Promise, Target, Variant};
use crossover_gpu::{GpuError, NO_DRIVER_CURE};
use crossover_values::DType;

use adapter::Opened;

/// The backend `wgsl`. Devices stay open between rows, one per adapter.
#[derive(Debug, Default)]
pub struct Wgsl {
    opened: Mutex<BTreeMap<String, Arc<Opened>>>,
}

impl Backend for Wgsl {
    fn name(&self) -> &'static str {
        "wgsl"
    }

    fn variants(&self, kernel: &Kernel, dtype: DType) -> Vec<Variant> {
        let variant = |name: &str, doc: &str| Variant {
            name: name.to_owned(),
            doc: doc.to_owned(),
            promise: Promise::Bounded,
            threaded: false,
        };
        let mut variants = Vec::new();
        let plan = kernel.definition.tuned.as_ref();
        let covers = plan.is_some_and(|p| p.dtypes.is_empty() || p.dtypes.contains(&dtype));
        if covers && kernel.shader.is_some() {
            variants.push(variant("tuned", "hand-written compute shader"));
        }
        variants.push(variant("generated", "compute shaders from the IR, host level recorded"));
        variants
    }

    fn adapters(&self) -> Result<Vec<Adapter>, Failure> {
        let found = crossover_gpu::adapters();
        if found.is_empty() {
            return Err(Failure::Unavailable(format!(
                "no Vulkan, Metal or DX12 adapter; {NO_DRIVER_CURE}"
            )));
        }
        Ok(found.iter().map(adapter::describe).collect())
    }

    fn passport(&self, slug: &str) -> Result<Vec<(String, String)>, Failure> {
        let opened = self.open(Some(slug), adapter::PASSPORT_WAIT)?;
        let mut lines = adapter::facts(opened.device.info());
        lines.extend(adapter::canaries(&opened.passport));
        Ok(lines)
    }

    fn prepare(&self, target: &Target<'_>) -> Result<Box<dyn Prepared>, Failure> {
        let opened = self.open(target.adapter, adapter::wait_limit(target))?;
        match target.variant {
            "tuned" => Ok(Box::new(tuned::prepare(&opened, target)?)),
            "generated" => Ok(Box::new(generated::prepare(&opened, target)?)),
            other => Err(Failure::Unavailable(format!("no wgsl variant `{other}`"))),
        }
    }
}

impl Wgsl {
    /// The device of an adapter, opened and examined once.
    fn open(&self, slug: Option<&str>, wait_limit: Duration) -> Result<Arc<Opened>, Failure> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let key = slug.unwrap_or_default().to_owned();
        if let Some(device) = opened.get(&key) {
            device.device.set_wait_limit(wait_limit);
            return Ok(Arc::clone(device));
        }
        let device = Arc::new(adapter::open(slug, wait_limit)?);
        opened.insert(key, Arc::clone(&device));
        Ok(device)
    }
}

/// What an error of the device means for a row.
fn failure(error: &GpuError) -> Failure {
    match error {
        GpuError::Timeout { .. } | GpuError::Lost { .. } => Failure::Lost(error.to_string()),
        GpuError::LimitExceeded { .. } => Failure::Unavailable(format!("device limit: {error}")),
        GpuError::Validation { .. }
        | GpuError::Driver { .. }
        | GpuError::OutOfMemory { .. }
        | GpuError::ShaderCompile { .. }
        | GpuError::UnknownBuffer(_)
        | GpuError::UnknownPipeline(_)
        | GpuError::Arguments { .. }
        | GpuError::Aliased { .. }
        | GpuError::Range { .. } => Failure::Failed(error.to_string()),
    }
}
