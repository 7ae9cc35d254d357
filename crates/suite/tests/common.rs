//! `common.py`: what several references import, against published values.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use crossover_interpreter::Options;
use crossover_lang::{File, Sources};
use crossover_values::{Array, Scalar, Value};

const SOURCE: &str = "
from common import decimal, murmur3, murmur3_pair
from crossover import array, i32, u8, u32

def hash_of(key: u8[:], length: i32, seed: u32) -> u32:
    return murmur3(key, length, seed)

def both_hashes_of(key: u8[:], length: i32, seed1: u32, seed2: u32) -> tuple[u32, u32]:
    h1, h2 = murmur3_pair(key, length, seed1, seed2)
    return h1, h2

def hash_of_decimal(value: u32, seed: u32) -> u32:
    key = array(u8, 12)
    length = decimal(key, value)
    return murmur3(key, length, seed)
";

fn run<const N: usize>(entry: &str, mut arguments: Vec<Value>) -> [u32; N] {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let modules = crossover_suite::modules().into_iter();
    let modules = modules.map(|(name, text)| (name, file(&text.path, &text.text))).collect();
    let sources = Sources { main: file("hash.py", SOURCE), modules };
    let options = crossover_lang::Options { entries: vec![entry.to_owned()], ..Default::default() };
    let module = crossover_lang::compile(&sources, &options).unwrap_or_else(|e| panic!("{e}"));
    let program = crossover_interpreter::compile(&module, 0).unwrap();
    let outcome = program.run(&mut arguments, &mut Options::default()).unwrap();
    let words = outcome.returned.iter().map(|value| match value {
        Value::Scalar(Scalar::U32(word)) => *word,
        other => panic!("a hash is a u32, not {other:?}"),
    });
    words.collect::<Vec<_>>().try_into().unwrap()
}

/// A key and its length; something stands behind it, which must not matter.
fn key_argument(key: &str) -> [Value; 2] {
    let bytes: Vec<u8> = key.bytes().chain(*b"xyz").collect();
    let length = Value::Scalar(Scalar::I32(key.len() as i32));
    [Value::Array(Array::U8(ndarray::arr1(&bytes).into_dyn())), length]
}

fn hash_of(key: &str, seed: u32) -> u32 {
    let [key, length] = key_argument(key);
    let [hash] = run("hash_of", vec![key, length, Value::Scalar(Scalar::U32(seed))]);
    hash
}

#[test]
fn murmur3_has_its_published_values() {
    let known: [(&str, i32); 5] = [
        ("", 0),
        ("0", -764_297_089),
        ("1", -1_810_453_357),
        ("foo", -156_908_512),
        ("hello", 613_153_351),
    ];
    for (key, hash) in known {
        assert_eq!(hash_of(key, 0) as i32, hash, "{key:?}");
    }
    // The values that the algorithm's test programs use for seeds.
    assert_eq!(hash_of("", 1), 0x514E_28B7);
    assert_eq!(hash_of("", 0xFFFF_FFFF), 0x81F1_6F39);
    assert_eq!(hash_of("aaaa", 0x9747_B28C), 0x5A97_808A);
    assert_eq!(hash_of("abcd", 0x9747_B28C), 0xF047_8627);
}

#[test]
fn murmur3_pair_is_murmur3_under_two_seeds() {
    for key in ["", "a", "ab", "abc", "abcd", "1234567890"] {
        for seeds in [[0, 1], [1, 0], [7, 0x9747_B28C]] {
            let seed = |at: usize| Value::Scalar(Scalar::U32(seeds[at]));
            let [bytes, length] = key_argument(key);
            let got: [u32; 2] = run("both_hashes_of", vec![bytes, length, seed(0), seed(1)]);
            assert_eq!(got, seeds.map(|seed| hash_of(key, seed)), "{key:?} {seeds:?}");
        }
    }
}

#[test]
fn decimal_writes_what_people_write() {
    for value in [0, 7, 10, 99, 100, 12_345, 999_999_999, 1_000_000_000, u32::MAX] {
        let arguments = [value, 3].map(|word| Value::Scalar(Scalar::U32(word)));
        let [got] = run("hash_of_decimal", arguments.to_vec());
        assert_eq!(got, hash_of(&value.to_string(), 3), "{value}");
    }
}
