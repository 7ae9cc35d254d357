//! The machine card: what the system says of itself. What it does not say stays empty.

use std::fs;
use std::path::Path;

use crossover_record::{Cache, Machine};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// Describes this machine. `rustc` is the compiler that built the caller, if it knows.
pub fn describe(rustc: Option<&str>) -> Machine {
    let wanted = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(wanted).ok();
    let cpu_model = system.as_ref().and_then(|system| system.cpus().first());
    let cpu_model = cpu_model.map(|cpu| cpu.brand().trim().to_owned());
    Machine {
        os: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
        arch: std::env::consts::ARCH.to_owned(),
        cpu_model: cpu_model.unwrap_or_default(),
        cores: cores(),
        caches: caches(Path::new("/sys/devices/system/cpu/cpu0/cache")),
        memory_bytes: system.map_or(0, |system| system.total_memory()),
        rustc: rustc.map(str::to_owned),
    }
}

/// Logical processors that this process may use, at least 1.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Memory that new arrays can take without paging, in bytes; `None` where the system does not say.
pub fn available_memory() -> Option<u64> {
    let wanted = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let available = System::new_with_specifics(wanted).ok()?.available_memory();
    (available > 0).then_some(available)
}

/// Reads the caches of one processor as sysfs lists them; empty where there is no sysfs.
fn caches(folder: &Path) -> Vec<Cache> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut caches: Vec<Cache> = entries.flatten().filter_map(|e| cache(&e.path())).collect();
    caches.sort_by(|a, b| (a.level, &a.kind).cmp(&(b.level, &b.kind)));
    caches
}

fn cache(folder: &Path) -> Option<Cache> {
    let read = |file: &str| Some(fs::read_to_string(folder.join(file)).ok()?.trim().to_owned());
    Some(Cache {
        level: read("level")?.parse().ok()?,
        kind: read("type")?,
        bytes: parse_size(&read("size")?)?,
    })
}

/// Sizes as sysfs writes them: `48K`, `2048K`, `32M`.
fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) => (number, text.chars().last()?),
        None => (text, 'B'),
    };
    let shift = match unit {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        _ => 0,
    };
    number.parse::<u64>().ok()?.checked_shl(shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_read_as_listed_and_sorted() {
        let dir = tempfile::tempdir().unwrap();
        for (index, level, kind, size) in
            [("index0", "2", "Unified", "2048K"), ("index1", "1", "Data", "48K")]
        {
            let folder = dir.path().join(index);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("level"), format!("{level}\n")).unwrap();
            fs::write(folder.join("type"), kind).unwrap();
            fs::write(folder.join("size"), size).unwrap();
        }
        fs::create_dir(dir.path().join("power")).unwrap();
        let found = caches(dir.path());
        let summary: Vec<(u32, u64)> = found.iter().map(|c| (c.level, c.bytes)).collect();
        assert_eq!(summary, [(1, 48 << 10), (2, 2 << 20)]);
        assert_eq!(caches(&dir.path().join("none")), []);
        assert_eq!(parse_size("many"), None);
    }

    #[test]
    fn this_machine_has_a_core_and_memory() {
        let machine = describe(None);
        assert!(machine.cores >= 1 && machine.memory_bytes > 0);
        assert!(available_memory().is_none_or(|bytes| bytes <= machine.memory_bytes));
    }
}
