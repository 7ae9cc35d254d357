//! Every variant at odd sizes and with keys that are alike, and mutants that must differ.

use super::*;
use crate::testing::Subject;

#[test]
fn variants_agree_at_odd_sizes() {
    for n in [1.0, 2.0, 3.0, 255.0, 256.0, 257.0, 10_007.0, 65_537.0, 131_071.0] {
        Subject::of("sort", DType::U32).assert_exact_variants(&[("n", n)]);
    }
}

#[test]
fn keys_that_are_alike_or_in_order_stay_what_they_are() {
    let cases: [fn(u32) -> u32; 6] = [
        |_| 7,
        |i| i,
        |i| u32::MAX - i,
        |i| i % 3,
        |i| (i % 5) << 30,
        |i| i.wrapping_mul(0x9E37_79B1) & 0x8000_0801,
    ];
    for key in cases {
        for n in [1, 40_000, 70_001] {
            let keys: Vec<u32> = (0..n).map(key).collect();
            let mut expected = keys.clone();
            expected.sort();
            let mut got = vec![0; keys.len()];
            radix::eight_bits(&keys, &mut got);
            assert!(got == expected, "eight bits");
            radix::eleven_bits(&keys, &mut got);
            assert!(got == expected, "eleven bits");
            buckets::on_one_thread(&keys, &mut got);
            assert!(got == expected, "buckets");
            for threads in [1, 2, 3, 8] {
                buckets::on_threads(&keys, &mut got, threads);
                assert!(got == expected, "buckets on {threads} threads");
                got.copy_from_slice(&keys);
                halves::on_threads(&mut got, threads);
                assert!(got == expected, "parts on {threads} threads");
            }
        }
    }
}

#[test]
fn mutants_differ() {
    let keys: Vec<u32> = (0..10_000).map(|i| crossover_values::philox::stream(0, i)[0]).collect();
    let mut right = vec![0; keys.len()];
    radix::eight_bits(&keys, &mut right);
    assert!(right.is_sorted() && right[0] == 2_776_931);
    let mut got = vec![0; keys.len()];
    let low: Vec<u32> = keys.iter().map(|key| key & 0x00FF_FFFF).collect();
    radix::eight_bits(&low, &mut got);
    assert_ne!(got, right, "without the upper digit");
    radix::eight_bits(&keys[..9_984], &mut got[..9_984]);
    assert_ne!(got, right, "tail left out");
}
