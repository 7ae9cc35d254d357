//! Adapters as the contract names them, opened once and examined.

use std::time::Duration;

use crossover_contract::{Adapter, Failure, Target};
use crossover_gpu::{
    AdapterInfo, Canary, Choice, Device, Needs, OpenError, Passport, Trips, passport,
};

/// An open device with what it was found to do.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) device: Device,
    pub(crate) passport: Passport,
}

/// An adapter as rows and headers show it.
pub(crate) fn describe(info: &AdapterInfo) -> Adapter {
    Adapter {
        slug: info.slug.clone(),
        name: info.name.clone(),
        driver: format!("{} {}", info.driver, info.driver_info),
        software: info.is_software(),
    }
}

/// Longest wait for a canary.
pub(crate) const PASSPORT_WAIT: Duration = Duration::from_secs(20);

/// Opens an adapter, the first if none is named, and asks it everything.
pub(crate) fn open(slug: Option<&str>, wait_limit: Duration) -> Result<Opened, Failure> {
    let needs = Needs { f64: false, wait_limit };
    let choice = slug.map_or(Choice::Index(0), Choice::Slug);
    let device = Device::open(choice, &needs).map_err(|error| match error {
        OpenError::NoAdapter | OpenError::Unknown { .. } | OpenError::Missing { .. } => {
            Failure::Unavailable(error.to_string())
        }
        OpenError::Refused { .. } => Failure::Failed(error.to_string()),
    })?;
    let passport = passport(&device).map_err(|error| super::failure(&error))?;
    Ok(Opened { device, passport })
}

/// What the driver says of an adapter that decides what runs on it: these lines of a passport say
/// what is, the canaries after them what came of a question.
pub(crate) fn facts(info: &AdapterInfo) -> Vec<(String, String)> {
    let subgroups = match info.subgroups {
        None => "none".to_owned(),
        Some((least, most)) if least == most => format!("{least} lanes"),
        Some((least, most)) => format!("{least} to {most} lanes"),
    };
    let limits = &info.limits;
    let [buffer, binding, memory] =
        [limits.max_buffer_size, limits.max_storage_binding, u64::from(limits.max_group_memory)]
            .map(bytes);
    let limits = format!(
        "a buffer of {buffer}, {binding} of it in one binding; {} storage buffers in a shader; a \
         workgroup of {} invocations with {memory}; {} workgroups in a dimension",
        limits.max_storage_buffers,
        limits.max_invocations_per_group,
        limits.max_groups_per_dimension,
    );
    let f64 = if info.f64 { "yes" } else { "no: kernels in f64 are unavailable here" };
    let facts = [("f64", f64.to_owned()), ("subgroups", subgroups), ("limits", limits)];
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Bytes in the largest binary unit that leaves a whole number.
fn bytes(bytes: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    // Limits are powers of two, or one byte or word less.
    let rounded = bytes.saturating_add(4) & !7;
    let unit =
        units.into_iter().find(|(size, _)| rounded >= *size && rounded.is_multiple_of(*size));
    unit.map_or_else(|| format!("{bytes} B"), |(size, unit)| format!("{} {unit}", rounded / size))
}

/// The canaries as names with what was expected and what came.
pub(crate) fn canaries(passport: &Passport) -> Vec<(String, String)> {
    let line = |canary: &Canary| {
        let verdict = if canary.ok { "" } else { ": BROKEN PROMISE" };
        let note =
            if canary.note.is_empty() { String::new() } else { format!("; {}", canary.note) };
        let Canary { name, expected, got, .. } = canary;
        (name.clone(), format!("{got} (expected {expected}){verdict}{note}"))
    };
    passport.canaries.iter().map(line).collect()
}

/// Longest wait for the device.
pub(crate) fn wait_limit(target: &Target<'_>) -> Duration {
    Duration::from_secs_f64(target.wait_limit_s)
}

impl Opened {
    /// Refuses a loop need that the adapter would cut off silently. Where lanes share a budget,
    /// the need of one invocation may not be all of it, for lanes may take turns.
    pub(crate) fn check_loops(
        &self,
        what: &str,
        need: Option<u64>,
        trips: Trips,
    ) -> Result<(), Failure> {
        let Some(limit) = self.passport.loops.limit(trips) else { return Ok(()) };
        match need {
            Some(need) if need <= limit => Ok(()),
            Some(need) => Err(Failure::Unavailable(format!(
                "device limit: {what} may need {need} loop iterations in one invocation; this \
                 adapter silently ends loops, and only {limit} are safe"
            ))),
            None => Err(Failure::Unavailable(format!(
                "device limit: the loop iterations of {what} were not counted; this adapter \
                 silently ends loops, and only {limit} are safe"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_as_whole_numbers() {
        let limits = [1 << 30, (1 << 31) - 1, u64::from(u32::MAX), 32 << 10, 1_000];
        let texts = ["1 GiB", "2 GiB", "4 GiB", "32 KiB", "1000 B"];
        assert_eq!(limits.map(bytes), texts);
    }
}
