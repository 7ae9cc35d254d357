//! Which loops of the suite do not run in lanes, and why.
//!
//! `cargo run -p crossover-interpreter --example refusals`

use std::collections::BTreeMap;
use std::path::Path;

use crossover_interpreter::compile_lanes;
use crossover_lang::{File, Options, Sources, compile};
use crossover_values::DType;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../suite/src");
    let read = |path: &Path| std::fs::read_to_string(path).expect("the suite has it");
    let common = File { path: "common.py".to_owned(), text: read(&folder.join("common.py")) };
    let kernels = std::fs::read_dir(folder.join("kernels")).expect("the suite has kernels");
    let mut stems: Vec<_> = kernels.map(|entry| entry.expect("it is readable").path()).collect();
    stems.sort();
    let mut out = String::new();
    for stem in stems.iter().filter(|path| path.join("kernel.py").exists()) {
        let text = read(&stem.join("kernel.py"));
        let main = File { path: stem.display().to_string(), text: text.clone() };
        let modules = BTreeMap::from([("common".to_owned(), common.clone())]);
        let options = Options { real: Some(DType::F32), ..Options::default() };
        let module = compile(&Sources { main, modules }, &options).expect("the suite compiles");
        for kernel in 0..module.kernels.len() {
            let program = compile_lanes(&module, kernel).expect("it compiles");
            for (span, why) in program.refusals() {
                let line = text.get(..span.start as usize).map_or(0, |text| text.lines().count());
                let stem = stem.file_name().unwrap_or_default().display();
                out += &format!("{stem}, line {}: {why}\n", line.max(1));
            }
        }
    }
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes()).expect("stdout");
}
