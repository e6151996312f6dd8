//! Wrong kernels: each change to a shader's text must be noticed by a comparison, or is named with the reason why not.
//!
//! An operation gives its changes ([`Mutation`], or [`MutationOf`] where one case is known to notice), its cases, and what
//! compares its body on a GPU with what a case expects; [`all_of`] does the rest.

use super::devices::{open, present};
use oddflow::device::{AdapterReport, Gpu, GpuOptions};
use std::sync::Arc;
use std::time::Duration;

/// What must come of a mutation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    Caught,
    /// Passes every case, for this reason.
    Survives(&'static str),
    /// Passes or not, by which of two lanes writes last, for this reason.
    Races(&'static str),
}
use Fate::{Caught, Races, Survives};

/// What is wrong, the text and what replaces it, what comes of it in all cases.
pub type Mutation = (&'static str, &'static str, &'static str, Fate);

/// The same, with the number of the one case that is asked.
pub type MutationOf = (&'static str, &'static str, &'static str, usize, Fate);

/// Either kind.
#[derive(Clone, Copy)]
pub struct Wrong {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    case: Option<usize>,
    fate: Fate,
}

impl From<Mutation> for Wrong {
    fn from((name, from, to, fate): Mutation) -> Self {
        Self { name, from, to, case: None, fate }
    }
}

impl From<MutationOf> for Wrong {
    fn from((name, from, to, case, fate): MutationOf) -> Self {
        Self { name, from, to, case: Some(case), fate }
    }
}

/// The options with changed shaders.
pub fn edited(options: GpuOptions, edit: impl Fn(&str, String) -> String + Send + Sync + 'static) -> GpuOptions {
    GpuOptions { shader_edit: Some(Arc::new(edit)), ..options }
}

/// Changes `kernel` in each way, on every adapter, with bindings so small, and compares by `check` in `cases` until one
/// complains. As it is, the kernel must pass all of them.
pub fn all_of<C, M: Copy + Into<Wrong>>(
    kernel: &'static str,
    mutations: &[M],
    max_binding_bytes: u64,
    cases: &[C],
    check: impl Fn(&Arc<Gpu>, &C) -> Result<(), String>,
) {
    let text = oddflow::ops::shaders().into_iter().find(|(name, _)| *name == kernel).expect("a kernel").1;
    let complaint = |adapter: &AdapterReport, cases: &[C], from: &'static str, to: &'static str| {
        let edit = move |name: &str, text: String| if name == kernel { text.replace(from, to) } else { text };
        let small = GpuOptions {
            max_binding_bytes: Some(max_binding_bytes),
            dispatch_time: Some(Duration::ZERO),
            ..GpuOptions::default()
        };
        let gpu = open(adapter, &edited(small, edit));
        cases.iter().find_map(|case| check(&gpu, case).err())
    };
    for adapter in present() {
        assert_eq!(complaint(adapter, cases, "", ""), None, "{kernel} as it is");
        let mut failures = Vec::new();
        for wrong in mutations.iter().map(|&mutation| mutation.into()) {
            let Wrong { name, from, to, case, fate } = wrong;
            assert_eq!(
                text.matches(from).count(),
                1,
                "{kernel}: {from:?} must be there once, or it is another mutation"
            );
            let asked = case.map_or(cases, |case| &cases[case..=case]);
            match (complaint(adapter, asked, from, to), fate) {
                (Some(_), Caught | Races(_)) => {}
                (None, Survives(reason) | Races(reason)) => println!("{kernel}: {name}: not noticed: {reason}"),
                (None, Caught) => failures.push(format!("{name}: not noticed")),
                (Some(why), Survives(_)) => failures.push(format!("{name}: noticed after all: {why}")),
            }
        }
        assert!(failures.is_empty(), "{kernel} on {}:\n  {}", adapter.describe(), failures.join("\n  "));
    }
}
