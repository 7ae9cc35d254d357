//! The arrows between crates, the nevers, and where `unsafe` may be: what docs/ARCHITECTURE.md says
//! of the house, asserted.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Which crates of the house each crate may use (`crossover-` left out).
const ARROWS: &[(&str, &[&str])] = &[
    ("values", &[]),
    ("ir", &["values"]),
    ("record", &["values"]),
    ("lang", &["ir", "values"]),
    ("interpreter", &["ir", "values"]),
    ("cranelift", &["ir", "values"]),
    ("wgsl", &["ir", "values"]),
    ("gpu", &["values"]),
    ("contract", &["values"]),
    ("suite", &["contract", "values"]),
    ("backends", &["contract", "cranelift", "gpu", "interpreter", "ir", "lang", "values", "wgsl"]),
    ("harness", &["contract", "record", "values"]),
    ("report", &["record", "values"]),
];

/// Crates that must not be reachable from a crate through any chain of dependencies.
const NEVERS: &[(&str, &[&str])] = &[
    (
        "report",
        &[
            "wgpu",
            "naga",
            "cranelift-codegen",
            "cranelift-jit",
            "crossover-backends",
            "crossover-cranelift",
            "crossover-gpu",
            "crossover-interpreter",
            "crossover-wgsl",
        ],
    ),
    (
        "harness",
        &[
            "crossover-suite",
            "crossover-backends",
            "crossover-interpreter",
            "crossover-cranelift",
            "crossover-gpu",
            "wgpu",
        ],
    ),
    ("suite", &["crossover-harness", "wgpu"]),
    ("ir", &["crossover-lang"]),
    ("wgsl", &["crossover-gpu", "wgpu"]),
    ("interpreter", &["crossover-cranelift", "crossover-wgsl", "crossover-gpu"]),
    ("cranelift", &["crossover-interpreter", "crossover-wgsl", "crossover-gpu"]),
    ("gpu", &["crossover-interpreter", "crossover-cranelift", "crossover-wgsl", "crossover-ir"]),
];

/// Crates that may hold `unsafe`, each with its reason in docs/ARCHITECTURE.md.
const UNSAFE_ALLOWED: &[&str] = &["cranelift"];

/// The packages that the project is built on: each must be a dependency of the crate named.
const WORKING_PACKAGES: &[(&str, &str)] = &[
    ("wgpu", "gpu"),
    ("bytemuck", "gpu"),
    ("pollster", "gpu"),
    ("cranelift-jit", "cranelift"),
    ("ndarray", "values"),
];

fn metadata() -> Metadata {
    MetadataCommand::new().exec().expect("cargo metadata runs in a checkout")
}

fn member<'m>(metadata: &'m Metadata, name: &str) -> &'m Package {
    let full = format!("crossover-{name}");
    let found = metadata.workspace_packages().into_iter().find(|package| package.name == full);
    found.unwrap_or_else(|| panic!("no crate {full}"))
}

fn normal_dependencies(package: &Package) -> BTreeSet<String> {
    let normal = |dependency: &&cargo_metadata::Dependency| {
        matches!(dependency.kind, DependencyKind::Normal | DependencyKind::Build)
    };
    package.dependencies.iter().filter(normal).map(|d| d.name.clone()).collect()
}

/// Everything reachable from a package without its dev-dependencies.
fn closure(metadata: &Metadata, root: &Package) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("metadata comes with a resolve graph");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let (mut seen, mut open) = (BTreeSet::new(), vec![&root.id]);
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let used = dependency.dep_kinds.iter().any(|k| k.kind != DependencyKind::Development);
            if used && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    let name = |package: &Package| package.name.to_string();
    metadata.packages.iter().filter(|p| seen.contains(&p.id)).map(name).collect()
}

#[test]
fn every_crate_uses_only_what_its_arrows_allow() {
    let metadata = metadata();
    let members = metadata.workspace_packages();
    let listed: BTreeSet<String> =
        ARROWS.iter().map(|(name, _)| format!("crossover-{name}")).collect();
    let found: BTreeSet<String> = members
        .iter()
        .map(|package| package.name.to_string())
        .filter(|name| name != "crossover")
        .collect();
    assert_eq!(found, listed, "crates of the workspace and crates with arrows");
    for (name, allowed) in ARROWS {
        for dependency in normal_dependencies(member(&metadata, name)) {
            let Some(inner) = dependency.strip_prefix("crossover-") else { continue };
            assert!(allowed.contains(&inner), "{name} may not use {inner}");
        }
    }
}

#[test]
fn the_nevers_hold_through_every_chain() {
    let metadata = metadata();
    for (name, never) in NEVERS {
        let reachable = closure(&metadata, member(&metadata, name));
        assert!(!reachable.is_empty(), "{name} reaches nothing: the closure is broken");
        for package in *never {
            assert!(!reachable.contains(*package), "{name} reaches {package}");
        }
    }
}

#[test]
fn the_working_packages_are_used_where_they_belong() {
    let metadata = metadata();
    for (package, name) in WORKING_PACKAGES {
        let uses = normal_dependencies(member(&metadata, name)).contains(*package);
        assert!(uses, "{name} does not use {package}");
    }
}

#[test]
fn unsafe_has_its_address() {
    for (name, _) in ARROWS {
        let path = format!("crates/{name}/src/lib.rs");
        let text = std::fs::read_to_string(&path).expect("every crate has a lib.rs");
        let forbids = text.contains("#![forbid(unsafe_code)]");
        assert_eq!(forbids, !UNSAFE_ALLOWED.contains(name), "{path}: #![forbid(unsafe_code)]");
    }
    let main = std::fs::read_to_string("src/main.rs").expect("the command has a main.rs");
    assert!(main.contains("#![forbid(unsafe_code)]"), "src/main.rs forbids unsafe code");
}

#[test]
fn versions_lints_and_licence_stand_once() {
    let mut manifests: Vec<String> =
        ARROWS.iter().map(|(name, _)| format!("crates/{name}/Cargo.toml")).collect();
    manifests.push("Cargo.toml".to_owned());
    for path in manifests {
        let text = std::fs::read_to_string(&path).expect("every crate has a manifest");
        let manifest = text.parse::<toml::Table>().expect("manifests are TOML");
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{path}: lints");
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(table).and_then(toml::Value::as_table) else {
                continue;
            };
            for (name, value) in dependencies {
                let inherits = value.get("workspace").and_then(toml::Value::as_bool);
                assert_eq!(inherits, Some(true), "{path}: {name} names its own version");
            }
        }
    }
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"), "{}", package.name);
    }
}

#[test]
fn every_dependency_has_its_reason_in_the_architecture() {
    let manifest = std::fs::read_to_string("Cargo.toml").expect("the workspace has a manifest");
    let manifest = manifest.parse::<toml::Table>().expect("the manifest is TOML");
    let dependencies = manifest["workspace"]["dependencies"].as_table().expect("a table");
    let text = std::fs::read_to_string("docs/ARCHITECTURE.md").expect("the document exists");
    for name in dependencies.keys().filter(|name| !name.starts_with("crossover-")) {
        let named = text.contains(&format!("`{name}`"));
        assert!(named, "docs/ARCHITECTURE.md gives no reason for the dependency `{name}`");
    }
    let metadata = metadata();
    let used: BTreeSet<String> = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| package.dependencies.iter().map(|d| d.name.clone()))
        .collect();
    for name in dependencies.keys() {
        assert!(used.contains(name), "the workspace dependency `{name}` is used by no crate");
    }
}
