//! All that a model holds, for a person to read.

use super::{Model, Provenance, container};
use crate::Result;
use crate::detectors::{Detector, OneClassSvm, SeverityRow, Threshold};
use crate::features::ColumnSummary;
use crate::ops::path_length::{Forest, Node};
use crate::words::counted;
use serde::Serialize;

/// What `oddflow inspect MODEL` tells.
#[derive(Debug, Clone, Serialize)]
pub struct ModelSummary {
    /// BLAKE3 of the model file, in hex.
    pub digest: String,
    /// Size of the model file.
    pub bytes: u64,
    /// Version of the model file's format.
    pub format: u32,
    /// The detector's name.
    pub detector: &'static str,
    /// Its parameters, by name.
    pub parameters: Vec<(&'static str, String)>,
    /// Of an ensemble its members, each with its parameters; empty for a single detector.
    pub members: Vec<(&'static str, Vec<(&'static str, String)>)>,
    /// Its trees, if it has any.
    pub trees: Option<TreeStatistics>,
    /// Reference rows that it keeps, if it is a detector of neighbours.
    pub n_references: Option<usize>,
    /// The input's columns and what became of them.
    pub columns: Vec<ColumnSummary>,
    /// The features' names, in the order of the matrix.
    pub features: Vec<String>,
    /// What the fit of the features had to say.
    pub notes: Vec<String>,
    /// Training rows that severity was fitted on.
    pub severity_rows: u64,
    /// Scores and severities at percentiles of the training scores.
    pub severity: Vec<SeverityRow>,
    /// Smallest and largest training score, with their severities.
    pub severity_ends: [(f64, f64); 2],
    /// The threshold.
    pub threshold: Threshold,
    /// The severity of the threshold's score.
    pub threshold_severity: f64,
    /// Rows that are replayed on load.
    pub replayed_rows: usize,
    /// Where the model comes from.
    pub provenance: Provenance,
}

/// Shape of a forest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TreeStatistics {
    /// Trees.
    pub n_trees: usize,
    /// Nodes of all trees.
    pub n_nodes: usize,
    /// Leaves of all trees.
    pub n_leaves: usize,
    /// Depth of the deepest leaf; a root alone has depth 0.
    pub max_depth: usize,
    /// Mean depth of the leaves.
    pub mean_leaf_depth: f64,
    /// Features that some node splits.
    pub n_features_used: usize,
}

impl Model {
    /// All that the model holds.
    ///
    /// # Errors
    /// If the model is larger than a model file can be.
    pub fn summary(&self) -> Result<ModelSummary> {
        let file = self.to_bytes()?;
        let parts = self.detector.parts();
        let trees = parts.iter().find_map(|part| match part {
            Detector::IsolationForest(forest) => Some(TreeStatistics::of(forest.forest())),
            _ => None,
        });
        let members = match &self.detector {
            Detector::Ensemble(_) => parts.iter().map(|part| (part.name(), parameters(part))).collect(),
            _ => Vec::new(),
        };
        let (smallest, largest) = self.severity.range();
        Ok(ModelSummary {
            digest: blake3::hash(&file).to_hex().to_string(),
            bytes: file.len() as u64,
            format: container::FORMAT,
            detector: self.detector.name(),
            parameters: parameters(&self.detector),
            members,
            trees,
            n_references: parts.iter().find_map(Detector::neighborhood).map(|(n_references, _)| n_references),
            columns: self.features.columns().to_vec(),
            features: self.features.feature_names(),
            notes: self.features.notes().to_vec(),
            severity_rows: self.severity.n_scores(),
            severity: self.severity.table(),
            severity_ends: [smallest, largest].map(|score| (score, self.severity.of(score))),
            threshold: self.threshold,
            threshold_severity: self.severity.of(self.threshold.score),
            replayed_rows: self.replay.scores.len(),
            provenance: self.provenance.clone(),
        })
    }
}

/// The parameters as they took effect: a sample or a list can have no more rows than there were.
fn parameters(detector: &Detector) -> Vec<(&'static str, String)> {
    match detector {
        Detector::IsolationForest(forest) => {
            let params = forest.params();
            vec![
                ("n_trees", params.n_trees.to_string()),
                ("sample_size", forest.sample_size().to_string()),
                ("max_features", params.max_features.to_string()),
                ("seed", params.seed.to_string()),
            ]
        }
        Detector::LocalOutlierFactor(detector) => vec![("n_neighbors", detector.n_neighbors().to_string())],
        Detector::NearestNeighbors(detector) => vec![
            ("n_neighbors", detector.n_neighbors().to_string()),
            ("distance", detector.params().distance.to_string()),
        ],
        Detector::OneClassSvm(machine) => of_machine(machine),
        Detector::Ensemble(ensemble) => vec![("members", ensemble.members().len().to_string())],
    }
}

fn of_machine(machine: &OneClassSvm) -> Vec<(&'static str, String)> {
    let (params, report) = (machine.params(), machine.report());
    let mut all = vec![
        ("nu", params.nu.to_string()),
        ("gamma", format!("{} ({})", machine.expansion().gamma(), params.gamma)),
        ("rho", machine.rho().to_string()),
        ("tolerance", params.tolerance.to_string()),
        ("solver", report.solver.to_string()),
        ("iterations", report.n_iterations.to_string()),
        ("gap", format!("{:.2e}{}", report.gap, if machine.has_converged() { "" } else { " (NOT CONVERGED)" })),
        ("objective", report.objective.to_string()),
    ];
    match report.n_landmarks {
        0 => all.push(("support_vectors", format!("{} ({} at the bound)", report.n_support, report.n_bounded))),
        n => {
            all.push(("landmarks", format!("{n}, solved for {} of {}", report.n_solved, counted(report.n_rows, "row"))))
        }
    }
    all
}

impl TreeStatistics {
    /// Walks all nodes once.
    pub fn of(forest: &Forest) -> Self {
        let mut used = vec![false; forest.n_features()];
        let (mut n_nodes, mut n_leaves, mut max_depth, mut depths) = (0, 0, 0, 0u64);
        for tree in forest.trees() {
            // Children come after their parent, so a node's depth is known when it is met.
            let mut depth = vec![0usize; tree.nodes.len()];
            for (index, node) in tree.nodes.iter().enumerate() {
                let here = depth.get(index).copied().unwrap_or(0);
                match *node {
                    Node::Leaf { .. } => {
                        n_leaves += 1;
                        max_depth = max_depth.max(here);
                        depths += here as u64;
                    }
                    Node::Split { feature, left, right, .. } => {
                        used.iter_mut().skip(feature as usize).take(1).for_each(|used| *used = true);
                        for child in [left, right] {
                            depth.iter_mut().skip(child as usize).take(1).for_each(|depth| *depth = here + 1);
                        }
                    }
                }
            }
            n_nodes += tree.nodes.len();
        }
        Self {
            n_trees: forest.trees().len(),
            n_nodes,
            n_leaves,
            max_depth,
            mean_leaf_depth: depths as f64 / f64::max(1.0, n_leaves as f64),
            n_features_used: used.into_iter().filter(|used| *used).count(),
        }
    }
}
