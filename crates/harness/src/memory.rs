//! What the system says of memory: this process's peak.

/// Peak resident memory of this process in bytes: `VmHWM` of `/proc/self/status`, `None` on
/// systems without it. It is never guessed.
pub fn peak_bytes() -> Option<u64> {
    parse_peak(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn parse_peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::parse_peak;

    #[test]
    fn the_peak_is_read_in_kibibytes_or_not_at_all() {
        assert_eq!(parse_peak("Name:\tx\nVmHWM:\t    1234 kB\nVmRSS: 1 kB\n"), Some(1234 * 1024));
        assert_eq!(parse_peak("Name:\tx\nVmRSS:\t 1 kB\n"), None);
        assert_eq!(parse_peak("VmHWM:\t many kB\n"), None);
    }
}
