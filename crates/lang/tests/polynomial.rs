//! The library of polynomial functions that the IR keeps as text is what its source compiles to.

use std::fs;
use std::path::Path;

use crossover_lang::{Options, Sources, compile};

/// Set to rewrite the text from the source.
const BLESS: &str = "CROSSOVER_BLESS";

#[test]
fn the_text_of_the_functions_is_compiled_from_their_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ir/src/polynomial");
    let source = fs::read_to_string(folder.join("polynomial.py")).expect("the source is there");
    let sources = Sources::single("polynomial.py", &source);
    let module = compile(&sources, &Options::default());
    let module = module.unwrap_or_else(|error| panic!("{error}"));
    let text = crossover_ir::print(&module);
    let kept = folder.join("polynomial.ir");
    if std::env::var_os(BLESS).is_some() {
        fs::write(&kept, &text).expect("the text can be written");
    }
    let kept = fs::read_to_string(&kept).unwrap_or_default();
    assert!(kept == text, "polynomial.ir is not what polynomial.py says: set {BLESS}=1");
}
