//! Numbers for people: times, ratios, bytes.

/// A time in nanoseconds with three digits and its unit: `80.2 ms`.
pub fn time(ns: u64) -> String {
    let ns = ns as f64;
    let (value, unit) = match ns {
        _ if ns < 1e3 => (ns, "ns"),
        _ if ns < 1e6 => (ns / 1e3, "µs"),
        _ if ns < 1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

/// A ratio with its sign of multiplication: `1.25×`.
pub(crate) fn ratio(value: f64) -> String {
    format!("{}×", three_digits(value))
}

/// A number of bytes in binary units.
pub(crate) fn bytes(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", three_digits(value / 1024.0)),
        1_048_576..1_073_741_824 => format!("{} MiB", three_digits(value / 1_048_576.0)),
        _ => format!("{} GiB", three_digits(value / 1_073_741_824.0)),
    }
}

/// A fact in its unit: bytes and seconds in readable ones, all else with its digits in groups.
pub(crate) fn fact(value: f64, unit: &str) -> String {
    match unit {
        "B" | "bytes" if value >= 0.0 => bytes(value as u64),
        "s" if value >= 0.0 => time((value * 1e9).round() as u64),
        _ if value.fract() == 0.0 && value.abs() < 1e15 => {
            crossover_record::digit_groups(&format!("{value:.0}"))
        }
        _ => format!("{value:.4}"),
    }
}

fn three_digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let cases = [(7, "7.00 ns"), (9_996, "10.0 µs"), (80_200_000, "80.2 ms")];
        for (ns, text) in cases {
            assert_eq!(time(ns), text);
        }
        assert_eq!(time(120_000_000_000), "120 s");
        let facts = [fact(2048.0, "B"), fact(0.25, "s"), fact(12345.0, "words"), fact(0.5, "")];
        assert_eq!(facts, ["2.00 KiB", "250 ms", "12,345", "0.5000"]);
        assert_eq!((ratio(0.5), bytes(1536)), ("0.50×".to_owned(), "1.50 KiB".to_owned()));
    }
}
