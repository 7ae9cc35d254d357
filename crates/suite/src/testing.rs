//! What the tests of native variants share: arguments of a case, a call, outputs compared.

use std::collections::BTreeMap;

use crossover_contract::{
    CUSTOM_SIZE, Case, CaseRequest, Kernel, NativeCall, NativeVariant, Promise,
};
use crossover_values::{DType, Signature, Value, compare};

#[path = "../tests/support/mod.rs"]
mod support;

/// A kernel with its signature in one instance; the suite itself does not compile, its tests do.
pub(crate) struct Subject {
    pub(crate) kernel: Kernel,
    pub(crate) dtype: DType,
    pub(crate) signature: Signature,
}

impl Subject {
    /// A kernel with the signature that the compiler derives from its reference.
    pub(crate) fn of(stem: &str, dtype: DType) -> Subject {
        let kernel = crate::kernel(stem).unwrap();
        let signature = support::signature(&kernel, dtype);
        Subject { kernel, dtype, signature }
    }

    /// A case with the parameters set by hand over those of `small`.
    pub(crate) fn case(&self, set: &[(&str, f64)]) -> Case {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let request = CaseRequest { size: "small".to_owned(), set, seed: None };
        let case = self.kernel.definition.case(&request).unwrap();
        assert!(case.size == "small" || case.size == CUSTOM_SIZE);
        case
    }

    pub(crate) fn arguments(&self, case: &Case) -> Vec<Value> {
        self.kernel.definition.arguments(&self.signature, case).unwrap()
    }

    pub(crate) fn variant(&self, name: &str) -> &'static NativeVariant {
        let found = self.kernel.code.variants.iter().find(|variant| variant.name == name);
        found.unwrap_or_else(|| panic!("no variant {name}"))
    }

    /// Outputs of a variant: written arrays in order, then returned values.
    pub(crate) fn run(&self, variant: &NativeVariant, case: &Case) -> Vec<Value> {
        let mut arguments = self.arguments(case);
        let mut call = NativeCall {
            dtype: self.dtype,
            arguments: &mut arguments,
            returned: Vec::new(),
            threads: rayon::current_num_threads(),
            parameters: &case.parameters,
            facts: BTreeMap::new(),
        };
        (variant.run)(&mut call).unwrap();
        let returned = call.returned;
        let written = self.signature.params.iter().zip(arguments);
        let written = written.filter(|(param, _)| param.role.is_output()).map(|(_, value)| value);
        written.chain(returned).collect()
    }

    /// Asserts that every exact variant gives the bits of `scalar` in the case, on pools of one
    /// and of three threads.
    pub(crate) fn assert_exact_variants(&self, set: &[(&str, f64)]) {
        let case = self.case(set);
        let expected = self.run(self.variant("scalar"), &case);
        for variant in self.kernel.code.variants.iter().filter(|v| v.promise == Promise::Exact) {
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let got = pool.install(|| self.run(variant, &case));
                assert_eq!(expected.len(), got.len());
                for (expected, got) in expected.iter().zip(&got) {
                    let differences = compare::differences(expected, got).unwrap();
                    let (name, dtype) = (variant.name, self.dtype);
                    assert_eq!(differences, [0; 0], "{name} {dtype} {set:?} {threads} threads");
                }
            }
        }
    }
}
