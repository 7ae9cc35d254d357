//! The list of adapters, and what is said when the one asked for is not there.

mod common;

use common::on_every_adapter;
use crossover_gpu::{Choice, Device, Needs, OpenError, adapters};

#[test]
fn adapters_can_be_told_apart_and_opened_by_slug_or_index() {
    on_every_adapter("open", |info, device| {
        assert_eq!(device.info(), info);
        let slug = &info.slug;
        assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        assert!(!info.driver.is_empty() && !info.driver_info.is_empty(), "{info:?}");
        assert_eq!(adapters().iter().filter(|other| other.slug == *slug).count(), 1);
        let by_index = Device::open(Choice::Index(info.index), &Needs::default());
        assert_eq!(by_index.expect("it is listed").info(), info);

        let needs = Needs { f64: true, ..Needs::default() };
        let opened = Device::open(Choice::Slug(slug), &needs);
        match opened {
            Ok(device) => assert!(device.info().f64),
            Err(error) => {
                let feature = "64-bit floats";
                assert_eq!(error, OpenError::Missing { slug: slug.clone(), feature });
            }
        }
        assert!(slug != "swiftshader" || !info.f64);
        assert!(slug != "llvmpipe" || info.f64);

        let unknown = Device::open(Choice::Slug("no-such-adapter"), &Needs::default());
        let text = unknown.expect_err("there is none of that name").to_string();
        assert!(text.contains("no-such-adapter") && text.contains(slug.as_str()), "{text}");
    });
}
