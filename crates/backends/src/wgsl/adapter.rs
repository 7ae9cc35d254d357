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
