//! What the tests of native variants share: arguments of a case, a call, outputs compared.

use crossover_contract::{
    CUSTOM_SIZE, Case, CaseRequest, Kernel, NativeCall, NativeVariant, Promise,
};
use crossover_values::{DType, Param, ParamKind, Role, Signature, Value, compare};

/// An array parameter.
pub(crate) fn array(name: &str, dtype: DType, rank: usize, role: Role) -> Param {
    Param { name: name.to_owned(), kind: ParamKind::Array { dtype, rank }, role }
}

/// A scalar parameter.
pub(crate) fn scalar(name: &str, dtype: DType) -> Param {
    Param { name: name.to_owned(), kind: ParamKind::Scalar(dtype), role: Role::In }
}

/// A kernel with its signature in one instance, stated by the test: the suite does not compile.
pub(crate) struct Subject {
    pub(crate) kernel: Kernel,
    pub(crate) dtype: DType,
    pub(crate) signature: Signature,
}

impl Subject {
    pub(crate) fn new(stem: &str, dtype: DType, signature: Signature) -> Subject {
        Subject { kernel: crate::kernel(stem).unwrap(), dtype, signature }
    }

    /// A case with the parameters set by hand over those of `small`.
    pub(crate) fn case(&self, set: &[(&str, f64)]) -> Case {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let request = CaseRequest { size: "small".to_owned(), set, seed: None };
        let case = self.kernel.definition.case(&request).unwrap();
        assert!(case.size == "small" || case.size == CUSTOM_SIZE);
        case
    }

    pub(crate) fn arguments(&self, case: &Case) -> Vec<Value> {
        self.kernel.definition.arguments(&self.signature, case).unwrap()
    }

    pub(crate) fn variant(&self, name: &str) -> &'static NativeVariant {
        let found = self.kernel.native.iter().find(|variant| variant.name == name);
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
        for variant in self.kernel.native.iter().filter(|v| v.promise == Promise::Exact) {
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
