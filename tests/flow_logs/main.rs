//! Logs as analysts have them: every real file at hand, and logs that are written here from known flows.

mod program;
mod real;
mod selection;
mod written;

use oddflow::Result;
use oddflow::flows::record::{FlowOptions, FlowSchema, Flows};
use oddflow::flows::snapshots::Snapshots;
use oddflow::flows::source::{Input, InputOptions};
use oddflow::flows::survey::{BatchSurvey, Survey};
use oddflow::flows::{Batch, Rejected};
use std::path::{Path, PathBuf};

/// The folder of real data, or `None` with a word about it.
pub fn shared(what: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ODDFLOW_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join(what);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not here", path.display());
    None
}

pub fn open(paths: &[&Path], batch_rows: usize) -> Result<Input> {
    let names: Vec<String> = paths.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    Input::open(&names, &InputOptions { batch_rows, ..InputOptions::default() })
}

/// All that an input gives.
pub struct Whole {
    pub input: Input,
    pub batches: Vec<Batch>,
    /// Beside each batch, where the input is one of flows.
    pub flows: Vec<Flows>,
    pub survey: Survey,
    pub snapshots: Option<Snapshots>,
    pub superseded: u64,
}

impl Whole {
    pub fn read(input: Input) -> Result<Self> {
        let schema = FlowSchema::recognise(&input.schema, FlowOptions::default());
        let snapshots = schema.as_ref().and_then(|schema| Snapshots::gather(&input, schema).transpose()).transpose()?;
        if let (Some(snapshots), Some(schema)) = (&snapshots, &schema) {
            snapshots.close(&input, schema)?;
        }
        let (mut batches, mut flows, mut survey, mut superseded) = (Vec::new(), Vec::new(), Survey::default(), 0);
        let mut source = input.source()?;
        while let Some(chunk) = source.next_chunk()? {
            let batch = chunk.parse()?;
            if let Some(schema) = &schema {
                let log = input.files[batch.file].log;
                let of = schema.flows_of(&batch.columns, log)?;
                let sensors = schema.sensors(&batch.columns)?;
                assert_eq!(of.n_rows(), batch.n_rows());
                survey.add(BatchSurvey::of(&batch, &of, &sensors, log));
                if let Some(snapshots) = &snapshots {
                    let replaced = snapshots.superseded(&batch, &of, &sensors);
                    superseded += replaced.iter().filter(|replaced| **replaced).count() as u64;
                }
                flows.push(of);
            }
            batches.push(batch);
        }
        Ok(Self { input, batches, flows, survey, snapshots, superseded })
    }

    pub fn rows(&self) -> usize {
        self.batches.iter().map(Batch::n_rows).sum()
    }

    pub fn rejected(&self) -> impl Iterator<Item = &Rejected> {
        self.batches.iter().flat_map(|batch| &batch.rejected)
    }

    /// Rows of which `holds` is true.
    pub fn count(&self, holds: impl Fn(&Flows, usize) -> bool) -> usize {
        self.flows.iter().map(|flows| (0..flows.n_rows()).filter(|&row| holds(flows, row)).count()).sum()
    }
}

/// The file or folder, read in batches of so many rows.
pub fn whole(path: &Path, batch_rows: usize) -> Whole {
    Whole::read(open(&[path], batch_rows).unwrap()).unwrap()
}
