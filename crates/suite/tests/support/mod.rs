//! From a kernel to its compiled reference, for the tests and tools of the suite, which itself does
//! not compile.

use crossover_contract::{Kernel, SourceText};
use crossover_ir::{Module, Valid, analysis};
use crossover_lang::{File, Options, Sources};
use crossover_values::{DType, Signature};

/// Compiles `text` in the place of a kernel's reference, or says what is wrong with it.
pub(crate) fn compile(kernel: &Kernel, text: &str, dtype: DType) -> Result<Valid<Module>, String> {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let named = |(name, text): (&String, &SourceText)| (name.clone(), file(&text.path, &text.text));
    let modules = kernel.modules.iter().map(named).collect();
    let sources = Sources { main: file(&kernel.source.path, text), modules };
    let entry = kernel.definition.instances.iter().find(|instance| instance.dtype == dtype);
    let options = Options {
        entries: entry.map(|instance| instance.entry.clone()).into_iter().collect(),
        real: dtype.is_float().then_some(dtype),
        ..Options::default()
    };
    crossover_lang::compile(&sources, &options).map_err(|diagnostics| diagnostics.to_string())
}

/// A kernel's own reference; the suite's references compile.
pub(crate) fn reference(kernel: &Kernel, dtype: DType) -> Valid<Module> {
    compile(kernel, &kernel.source.text, dtype).unwrap_or_else(|text| panic!("{text}"))
}

/// The signature that the compiler derives from the reference.
pub(crate) fn signature(kernel: &Kernel, dtype: DType) -> Signature {
    analysis::signature(&reference(kernel, dtype).kernels[0])
}
