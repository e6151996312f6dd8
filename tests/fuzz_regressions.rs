//! The inputs that fuzzing found and that are kept, and the seeds that were written by hand, run again through the targets'
//! own bodies. What finds new ones is the package in `tests/fuzz`.

#[path = "fuzz/bodies/mod.rs"]
mod bodies;
#[path = "fuzz/mutants.rs"]
mod mutants;
#[path = "fuzz/seeds.rs"]
mod seeds;

use mutants::Mutants;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(name)
}

/// Runs every input of a folder that has one folder a target; says how many.
fn run_all(inputs: &Path) -> usize {
    let mut n = 0;
    for target in fs::read_dir(inputs).unwrap() {
        let target = target.unwrap().path();
        let name = target.file_name().unwrap().to_str().unwrap().to_owned();
        for input in fs::read_dir(&target).unwrap() {
            let input = input.unwrap().path();
            println!("{}", input.display());
            assert!(bodies::run(&name, &fs::read(&input).unwrap()), "{name} is no target");
            n += 1;
        }
    }
    n
}

#[test]
fn inputs_that_once_did_harm_do_none() {
    assert!(run_all(&folder("regressions")) > 0);
}

#[test]
fn every_target_takes_its_seeds() {
    let n = run_all(&folder("seeds"));
    assert!(n >= bodies::TARGETS.len(), "{n} seeds");
}

/// Made seeds (files of formats that are not text, cuts of real logs) for the fuzzers: in the folder that
/// `ODDFLOW_FUZZ_SEEDS` names, where it does, else in one that goes away again.
#[test]
fn every_target_takes_made_seeds() {
    let passing = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("ODDFLOW_FUZZ_SEEDS").map(PathBuf::from);
    let at = kept.as_deref().unwrap_or(passing.path());
    seeds::make(at);
    assert!(run_all(at) > bodies::TARGETS.len());
}

/// A few hundred mutants of all seeds for each target; `ODDFLOW_MUTANTS` says how many. `ODDFLOW_MUTANTS_SEED` gives others,
/// `ODDFLOW_MUTANTS_TARGET` one target only, `ODDFLOW_MUTANT` a file in which the mutant at hand is kept, for one that kills.
#[test]
fn mutants_of_seeds_do_no_harm() {
    let number = |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (n, seed) = (number("ODDFLOW_MUTANTS", 200), number("ODDFLOW_MUTANTS_SEED", 0));
    let only = std::env::var("ODDFLOW_MUTANTS_TARGET").ok();
    let kept = std::env::var_os("ODDFLOW_MUTANT");
    let made = tempfile::tempdir().unwrap();
    seeds::make(made.path());
    for (target, body) in bodies::TARGETS.iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)) {
        let folders = [folder("seeds"), folder("regressions"), made.path().to_owned()];
        let mut files: Vec<PathBuf> = folders.iter().flat_map(|folder| files(&folder.join(target))).collect();
        files.sort();
        let inputs = files.iter().map(|file| fs::read(file).unwrap()).collect();
        let dictionary = fs::read_to_string(folder(&format!("dictionaries/{target}.dict"))).unwrap_or_default();
        let mut mutants = Mutants::new(inputs, &dictionary, seed);
        let (begin, mut slowest) = (std::time::Instant::now(), std::time::Duration::ZERO);
        for _ in 0..n {
            let mutant = mutants.next();
            if let Some(kept) = &kept {
                fs::File::create(kept).and_then(|mut file| file.write_all(&mutant)).unwrap();
            }
            let begin = std::time::Instant::now();
            body(&mutant);
            slowest = slowest.max(begin.elapsed());
        }
        println!("{target}: {n} mutants in {:?}, the slowest {slowest:?}", begin.elapsed());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}
