//! What the adapters of the machine answer, and what is known of two software drivers.

mod common;

use std::time::Duration;

use common::on_every_adapter;
use crossover_gpu::{Passport, Trips, passport};

#[test]
fn passports_are_issued_and_known_drivers_recognised() {
    on_every_adapter("passport", |info, device| {
        let passport = passport(&device).expect("the questions end");
        let broken: Vec<&str> = passport.broken().map(|c| c.name.as_str()).collect();
        assert!(passport.canaries.len() > 40);
        assert_eq!(passport.f64.is_some(), info.f64);
        // Far above the 0.2 s that it takes alone: other work may share the machine.
        assert!(passport.elapsed < Duration::from_secs(3), "{:?}", passport.elapsed);
        assert!(passport.timestamps.supported == info.timestamps);
        match info.slug.as_str() {
            "llvmpipe" => llvmpipe(info.f64, &passport, &broken),
            "swiftshader" => swiftshader(info.f64, &passport, &broken),
            _ => assert_eq!(passport.f32.samples, 256),
        }
    });
}

fn llvmpipe(f64: bool, passport: &Passport, broken: &[&str]) {
    assert!(f64);
    let loops = &passport.loops;
    assert_eq!((loops.budget, loops.counted, loops.nested), (Some(65_535), 65_535, 65_405));
    assert_eq!(loops.limit(Trips::Equal), Some(65_535));
    let shared = loops.limit(Trips::Varying).expect("there is a limit");
    assert!(shared <= 65_535 / 4, "{shared}");
    let loops_alone =
        broken.iter().all(|name| name.contains("loop") || name.contains("iterations"));
    assert!(loops_alone && broken.len() == 3, "{broken:?}");
}

fn swiftshader(f64: bool, passport: &Passport, broken: &[&str]) {
    assert!(!f64);
    assert_eq!(passport.loops.budget, None);
    assert_eq!(passport.loops.limit(Trips::Varying), None);
    assert!(passport.f32.is_strict(), "{:?}", passport.f32);
    assert!(broken.iter().all(|name| *name == "timestamps"), "{broken:?}");
}
