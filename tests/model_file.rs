//! Model files: what is written is read back bit for bit, and nothing else is.

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use ndarray::Array2;
use oddflow::detectors::{
    Detector, DetectorParams, EnsembleParams, IsolationForest, IsolationForestParams, KnnDistance,
    LocalOutlierFactorParams, NearestNeighborsParams, OneClassSvmParams, Severity, SvmSolver, Threshold, ThresholdRule,
};
use oddflow::device::Device;
use oddflow::features::{FeatureOptions, FeaturePlan, RoleOverrides, infer_roles};
use oddflow::model::{FORMAT, Model, Provenance};
use oddflow::ops::path_length::{Forest, Node, Tree};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts the bytes in use, to catch a file that makes its reader allocate what it only claims.
struct Counting;
static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(IN_USE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A plain generator, so that the mutations are the same everywhere.
struct Lcg(u64);
impl Lcg {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 11
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

fn flows(n: usize) -> RecordBatch {
    let mut r = Lcg(3);
    let duration: Vec<Option<f64>> = (0..n)
        .map(|i| match i % 50 {
            7 => None,
            8 => Some(f64::INFINITY),
            _ => Some((r.below(1_000_000) as f64 / 1e6).powi(6) * 100.0),
        })
        .collect();
    let bytes: Vec<i64> = (0..n).map(|_| 1 << r.below(30)).collect();
    let service: Vec<&str> = (0..n).map(|_| ["http", "dns", "ssh", "\u{1f512} \"quoted\"\n"][r.below(4)]).collect();
    let address: Vec<String> = (0..n).map(|_| format!("10.0.{}.{}", r.below(256), r.below(256))).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("src_ip", Arc::new(StringArray::from(address))),
        ("duration", Arc::new(Float64Array::from(duration))),
        ("service", Arc::new(StringArray::from(service))),
        ("src_bytes", Arc::new(Int64Array::from(bytes))),
        ("established", Arc::new(BooleanArray::from((0..n).map(|_| r.below(9) > 0).collect::<Vec<_>>()))),
        ("label", Arc::new(Int64Array::from((0..n).map(|i| i64::from(i % 10 == 0)).collect::<Vec<_>>()))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn fit(rows: &RecordBatch, n_trees: usize) -> Model {
    let params = IsolationForestParams { n_trees, sample_size: 64, seed: 11, ..Default::default() };
    fit_detector(rows, &DetectorParams::IsolationForest(params))
}

/// Both detectors that keep their training rows.
fn of_neighbors() -> [DetectorParams; 2] {
    [
        DetectorParams::LocalOutlierFactor(LocalOutlierFactorParams { n_neighbors: 10 }),
        DetectorParams::NearestNeighbors(NearestNeighborsParams { n_neighbors: 4, distance: KnnDistance::Mean }),
    ]
}

/// A machine of each solver.
fn machines() -> [DetectorParams; 2] {
    [SvmSolver::Exact, SvmSolver::Nystroem].map(|solver| {
        DetectorParams::OneClassSvm(OneClassSvmParams { solver, n_components: 20, nu: 0.25, ..Default::default() })
    })
}

/// All kinds together, with all their sections.
fn ensemble() -> DetectorParams {
    let [factor, nearest] = of_neighbors();
    let forest = DetectorParams::IsolationForest(IsolationForestParams { n_trees: 8, ..Default::default() });
    let [machine, _] = machines();
    DetectorParams::Ensemble(EnsembleParams::new(vec![machine, factor, nearest, forest]).unwrap())
}

fn fit_detector(rows: &RecordBatch, params: &DetectorParams) -> Model {
    let roles = infer_roles(rows, &RoleOverrides::new()).unwrap();
    let features = FeaturePlan::fit(rows, &roles, &FeatureOptions::default()).unwrap();
    let matrix: Array2<f32> = features.bind(&rows.schema()).unwrap().encode(rows).unwrap().matrix;
    let detector = Detector::fit(matrix.view(), params).unwrap();
    let scores = detector.training_scores(matrix.view(), &Device::Cpu).unwrap().into_owned();
    let severity = Severity::fit(&scores).unwrap();
    let threshold = Threshold::resolve(ThresholdRule::default(), &scores, &severity).unwrap();
    let provenance = Provenance {
        created: Some("2026-01-02T03:04:05Z".into()),
        options: serde_json::json!({"threshold": "high-precision", "share": 0.1, "n": 18446744073709551615u64}),
        ..Provenance::default()
    };
    Model::new(features, detector, severity, threshold, provenance, rows).unwrap()
}

fn message(bytes: &[u8]) -> String {
    Model::from_bytes(bytes).expect_err("accepted").to_string()
}

#[test]
fn what_is_written_is_read_back() {
    let rows = flows(500);
    reads_back(&rows, || fit(&rows, 20));
    for params in of_neighbors().into_iter().chain(machines()).chain([ensemble()]) {
        reads_back(&rows, || fit_detector(&rows, &params));
    }
}

fn reads_back(rows: &RecordBatch, fit: impl Fn() -> Model) {
    let model = fit();
    let bytes = model.to_bytes().unwrap();
    let again = Model::from_bytes(&bytes).unwrap();
    assert!(again.to_bytes().unwrap() == bytes, "saving what was loaded gives the same file");
    assert_eq!(again.digest().unwrap(), blake3::hash(&bytes).to_hex().as_str());
    let (a, b) = (model.score_batch(rows).unwrap(), again.score_batch(rows).unwrap());
    assert_eq!(a, b);
    assert_eq!(a.num_columns(), rows.num_columns() + 3);
    assert_eq!(again.provenance, model.provenance);
    assert!(again.detector.known_scores().is_none(), "training scores are not in the file");
    assert!(fit().to_bytes().unwrap() == bytes, "two fits of one input give the same file");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("10.0."), "no address of a training row is in the model");
}

#[test]
fn saved_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("day.model");
    let model = fit(&flows(300), 10);
    model.save(&path).unwrap();
    model.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), model.to_bytes().unwrap());
    assert_eq!(Model::load(&path).unwrap().digest().unwrap(), model.digest().unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let sibling = folder.path().join("plain");
        std::fs::write(&sibling, "x").unwrap();
        let mode = |p: &std::path::Path| std::fs::metadata(p).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&sibling), "as readable as any other new file");
    }
    assert!(Model::is_model(&path));
    let missing = folder.path().join("none/day.model");
    assert!(!Model::is_model(&missing));
    assert!(model.save(&missing).unwrap_err().to_string().contains("create it first"));
    assert!(Model::load(&missing).is_err());
    std::fs::write(&path, "duration,protocol_type,service\n0,tcp,http\n").unwrap();
    let error = Model::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("day.model") && error.contains("duration,protoco") && error.contains("oddflow fit"),
        "{error}"
    );
    let mut bytes = model.to_bytes().unwrap();
    bytes.push(0);
    std::fs::write(&path, &bytes).unwrap();
    assert!(Model::load(&path).unwrap_err().to_string().contains("appended"));
}

#[test]
fn each_damage_has_its_message() {
    let bytes = fit(&flows(300), 5).to_bytes().unwrap();
    assert!(message(&[]).contains("empty"));
    assert!(message(b"PAR1 and so on and on").contains("no oddflow model"));
    assert!(message(&bytes[..20]).contains("cut off"));
    let cut = message(&bytes[..bytes.len() - 1]);
    assert!(cut.contains("cut off") && cut.contains(&bytes.len().to_string()), "{cut}");
    let mut newer = bytes.clone();
    newer[8] = FORMAT as u8 + 1;
    assert!(message(&newer).contains("newer oddflow"), "{}", message(&newer));
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 1;
    assert!(message(&altered).contains("checksum"));
    let mut huge = bytes.clone();
    huge[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(message(&huge).contains("at most"));
}

/// One change of a file: a bit, a byte, a word, a stretch of bytes overwritten, removed, doubled or exchanged.
fn mutate(bytes: &[u8], r: &mut Lcg) -> Vec<u8> {
    let mut file = bytes.to_vec();
    // Half of the changes fall on the first 200 bytes and the header, where most of the meaning is.
    let near = [200, file.len() / 4, file.len(), file.len()][r.below(4)].min(file.len());
    let at = r.below(near);
    let length = 1 + r.below(64).min(file.len() - at - 1);
    match r.below(8) {
        0 => file[at] ^= 1 << r.below(8),
        1 => file[at] = r.next() as u8,
        2 => file[at..at + length].fill([0, 0xff, b'9', b'['][r.below(4)]),
        3 => drop(file.drain(at..at + length)),
        4 => {
            let copy = file[at..at + length].to_vec();
            file.splice(at..at, copy);
        }
        5 => file.truncate(at),
        6 => {
            let word = [u64::MAX, 1 << 40, 0x7fff_ffff, 1 << 31, 0, 65_536][r.below(6)].to_le_bytes();
            let width = [4, 8][r.below(2)].min(file.len() - at);
            file[at..at + width].copy_from_slice(&word[..width]);
        }
        _ => {
            let other = r.below(file.len() - length);
            for i in 0..length {
                file.swap(at + i, other + i);
            }
        }
    }
    file
}

#[test]
fn ten_thousand_mutations_are_refused() {
    refuses_mutations(&fit(&flows(300), 5).to_bytes().unwrap());
}

#[test]
fn so_are_those_of_models_with_references() {
    let [machine, _] = machines();
    for params in of_neighbors().into_iter().chain([machine, ensemble()]) {
        refuses_mutations(&fit_detector(&flows(300), &params).to_bytes().unwrap());
    }
}

fn refuses_mutations(bytes: &[u8]) {
    let mut r = Lcg(1);
    let mut tried = 0;
    while tried < 10_000 {
        let file = mutate(bytes, &mut r);
        if file != bytes {
            assert!(Model::from_bytes(&file).is_err(), "mutation {tried} was accepted");
            tried += 1;
        }
    }
}

/// What a hand that knows the format could do: the same mutations under a right length and checksum. They may be
/// accepted (another threshold is no damage), but never crash and never allocate much.
#[test]
fn forged_files_do_no_harm() {
    let accepted = forge_many(&fit(&flows(300), 5).to_bytes().unwrap());
    assert!(accepted < 1_000);
}

/// A reference row far from those that are replayed may be another: that is another model, not a broken one.
#[test]
fn forged_references_do_no_harm() {
    for params in of_neighbors().into_iter().chain(machines()).chain([ensemble()]) {
        let accepted = forge_many(&fit_detector(&flows(300), &params).to_bytes().unwrap());
        assert!(accepted < 1_500, "{accepted}");
    }
}

/// How many of 2,000 forged files are accepted.
fn forge_many(bytes: &[u8]) -> usize {
    let mut r = Lcg(2);
    let (mut accepted, mut reasons) = (0, std::collections::BTreeSet::new());
    for _ in 0..2_000 {
        let file = forge(mutate(&bytes[..bytes.len() - 32], &mut r));
        let before = IN_USE.load(Relaxed);
        MOST.store(before, Relaxed);
        match Model::from_bytes(&file) {
            Ok(_) => accepted += 1,
            Err(error) => drop(
                reasons.insert(error.to_string().chars().filter(|c| c.is_alphabetic()).take(24).collect::<String>()),
            ),
        }
        // Other tests of this file run beside; what they use at a time is far less.
        let most = MOST.load(Relaxed).saturating_sub(before);
        assert!(most < 64 << 20, "{most} bytes for a file of {}", file.len());
    }
    println!("{accepted} of 2,000 accepted; {} kinds of refusal: {reasons:#?}", reasons.len());
    assert!(reasons.len() > 8);
    accepted
}

fn forge(mut content: Vec<u8>) -> Vec<u8> {
    let length = content.len() as u64 + 32;
    if let Some(field) = content.get_mut(16..24) {
        field.copy_from_slice(&length.to_le_bytes());
    }
    let checksum = blake3::hash(&content);
    content.extend(checksum.as_bytes());
    content
}

/// Replaces text in the header, keeping its length, under a right checksum.
fn edited(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).expect("text is in the header");
    let mut content = bytes[..bytes.len() - 32].to_vec();
    content[at..at + from.len()].copy_from_slice(to.as_bytes());
    forge(content)
}

#[test]
fn the_replay_notices_a_model_that_scores_differently() {
    let model = fit(&flows(300), 5);
    let bytes = model.to_bytes().unwrap();
    let at = bytes.windows(9).position(|w| w == b"\"scores\":").unwrap() + 10;
    let first: String = bytes[at..].iter().take_while(|b| **b != b',').map(|b| *b as char).collect();
    let mut other = first.clone().into_bytes();
    let last = other.len() - 3;
    other[last] = if other[last] == b'5' { b'6' } else { b'5' };
    let error = message(&edited(&bytes, &first, std::str::from_utf8(&other).unwrap()));
    assert!(error.contains("training row 1 scores") && error.contains("fit again"), "{error}");
    let error = message(&edited(&bytes, "\"sample_size\":64,\"n_f", "\"sample_size\":63,\"n_f"));
    assert!(error.contains("training row 1 scores"), "{error}");
}

#[test]
fn lying_indices_are_refused() {
    let bytes = fit(&flows(300), 5).to_bytes().unwrap();
    // The last section is `children`: its words are indices of nodes.
    for lie in [0, 1, u32::MAX, 1 << 30] {
        let mut content = bytes[..bytes.len() - 32].to_vec();
        let at = content.len() - 4;
        content[at..].copy_from_slice(&lie.to_le_bytes());
        message(&forge(content));
    }
}

#[test]
fn lying_references_are_refused() {
    let rows = flows(300);
    let [lof, knn] = of_neighbors().map(|params| fit_detector(&rows, &params).to_bytes().unwrap());
    let last = |bytes: &[u8], from_end: usize, value: &[u8]| {
        let mut content = bytes[..bytes.len() - 32].to_vec();
        let at = content.len() - from_end;
        content[at..at + value.len()].copy_from_slice(value);
        message(&forge(content))
    };
    // The last section of a local outlier factor is `lrd`, before it `k_dist`, before it `rows`.
    for lie in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e11] {
        assert!(last(&lof, 8, &lie.to_le_bytes()).contains("lrd is"));
    }
    for lie in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(last(&lof, 300 * 8 + 8, &lie.to_le_bytes()).contains("k_distance is"));
    }
    for (bytes, behind) in [(&lof, 2 * 300 * 8), (&knn, 0)] {
        for lie in [f32::NAN, f32::INFINITY] {
            let said = last(bytes, behind + 4, &lie.to_le_bytes());
            assert!(said.contains("replayed") && said.contains("299"), "{said}");
        }
        let said = message(&edited(bytes, "\"n_references\":300", "\"n_references\":301"));
        assert!(said.contains("for 301 reference rows"), "{said}");
        assert!(message(&edited(bytes, "\"n_references\":300", "\"n_references\":  0")).contains("values for 0"));
    }
    assert!(message(&edited(&lof, "\"n_neighbors\":10", "\"n_neighbors\":00")).contains("header"));
    assert!(message(&edited(&lof, "\"n_neighbors\":10", "\"n_neighbors\": 0")).contains("n_neighbors is 0"));
    assert!(message(&edited(&lof, "\"n_neighbors\":10", "\"n_neighbors\":11")).contains("training row"));
    assert!(message(&edited(&knn, "\"distance\":\"mean\"", "\"distance\":\"mode\"")).contains("header"));
}

#[test]
fn lying_machines_are_refused() {
    let [exact, nystroem] = machines().map(|params| fit_detector(&flows(300), &params).to_bytes().unwrap());
    let last = |bytes: &[u8], value: f64| {
        let mut content = bytes[..bytes.len() - 32].to_vec();
        let at = content.len() - 8;
        content[at..].copy_from_slice(&value.to_le_bytes());
        message(&forge(content))
    };
    for lie in [f64::NAN, f64::INFINITY, 1e300] {
        assert!(last(&exact, lie).contains("coefficient is"), "{}", last(&exact, lie));
        assert!(last(&nystroem, lie).contains("coefficient is"));
    }
    assert!(last(&exact, 0.123).contains("training row"));
    let text = String::from_utf8_lossy(&exact).into_owned();
    let n = text.split("\"n_vectors\":").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let more = format!("{}", n.parse::<u32>().unwrap() + 1);
    let said = message(&edited(&exact, &format!("\"n_vectors\":{n}"), &format!("\"n_vectors\":{more}")));
    assert!(said.contains(&format!("for {more} support vectors")), "{said}");
    assert!(message(&edited(&exact, "\"nu\":0.25", "\"nu\":1.25")).contains("nu is 1.25"));
}

#[test]
fn a_summary_tells_of_references() {
    let [lof, knn] = of_neighbors().map(|params| fit_detector(&flows(300), &params).summary().unwrap());
    assert_eq!((lof.detector, lof.n_references, lof.trees), ("local_outlier_factor", Some(300), None));
    assert_eq!(lof.parameters, [("n_neighbors", "10".to_owned())]);
    assert_eq!((knn.detector, knn.n_references), ("nearest_neighbors", Some(300)));
    assert_eq!(knn.parameters, [("n_neighbors", "4".to_owned()), ("distance", "mean".to_owned())]);
}

#[test]
fn a_summary_tells_of_members() {
    let summary = fit_detector(&flows(300), &ensemble()).summary().unwrap();
    let members: Vec<&str> = summary.members.iter().map(|(name, _)| *name).collect();
    assert_eq!(members, ["isolation_forest", "local_outlier_factor", "nearest_neighbors", "one_class_svm"]);
    assert_eq!((summary.detector, summary.n_references, summary.trees.unwrap().n_trees), ("ensemble", Some(300), 8));
    assert_eq!(summary.members[1].1, [("n_neighbors", "10".to_owned())]);
}

#[test]
fn lying_ensembles_are_refused() {
    let bytes = fit_detector(&flows(300), &ensemble()).to_bytes().unwrap();
    let renamed = |from: &str, to: &str| message(&edited(&bytes, from, to));
    // Sections come in the order of the members, each behind its scale.
    assert!(renamed("\"members\":[{", "\"members\":[[").contains("header"));
    let said = message(&edited(&bytes, "\"n_neighbors\":10", "\"n_neighbors\":11"));
    assert!(said.contains("training row"), "{said}");
    let at = String::from_utf8_lossy(&bytes).find("\"n_scores\":300").unwrap();
    assert!(at > 0 && message(&edited(&bytes, "\"n_scores\":300", "\"n_scores\":  0")).contains("severity table"));
}

/// A forged tree may be a chain as deep as the file is long.
#[test]
fn deep_trees_do_no_harm() {
    let rows = flows(300);
    let model = fit(&rows, 5);
    let n_features = model.features.n_features();
    let chain = |depth: u32| {
        let mut nodes = Vec::new();
        for i in 0..depth {
            let threshold = (i as f32).sin();
            nodes.push(Node::Split { feature: i % n_features as u32, threshold, left: 2 * i + 1, right: 2 * i + 2 });
            nodes.push(Node::Leaf { path: i });
        }
        nodes.push(Node::Leaf { path: 1 });
        Tree { nodes }
    };
    let forest = Forest::new(n_features, vec![chain(100_000), chain(40)]).unwrap();
    let params = IsolationForestParams { n_trees: 2, ..Default::default() };
    let detector = IsolationForest::from_parts(forest, 200, params).unwrap();
    let Model { features, severity, threshold, provenance, .. } = model;
    let model = Model::new(features, detector.into(), severity, threshold, provenance, &rows).unwrap();
    let bytes = model.to_bytes().unwrap();
    let before = IN_USE.load(Relaxed);
    MOST.store(before, Relaxed);
    assert!(Model::from_bytes(&bytes).unwrap().to_bytes().unwrap() == bytes);
    let most = MOST.load(Relaxed).saturating_sub(before);
    assert!(most < 64 << 20, "{most} bytes for a file of {}", bytes.len());
}

#[test]
fn names_that_are_taken_give_way() {
    let rows = flows(40);
    let model = fit(&rows, 5);
    let once = model.score_batch(&rows).unwrap();
    let twice = model.score_batch(&once).unwrap();
    assert_eq!(once, twice, "scoring scored rows replaces the scores");
    let options = oddflow::model::OutputColumns { prefix: "if_".into(), ..Default::default() };
    let plan = oddflow::model::OutputPlan::new(&once.schema(), &options).unwrap();
    assert!(plan.replaced().is_empty());
    let scorer = model.scorer(&Device::Cpu, &once.schema(), 64).unwrap();
    let prefixed = plan.attach(&once, scorer.score(&once).unwrap()).unwrap();
    assert_eq!(prefixed.num_columns(), rows.num_columns() + 6);
    assert_eq!(prefixed.column_by_name("if_severity"), once.column_by_name("severity"));
    let again = oddflow::model::OutputPlan::new(&once.schema(), &Default::default()).unwrap();
    assert_eq!(again.replaced(), ["anomaly_score", "severity", "anomaly"]);
    let options = oddflow::model::OutputColumns { scores_only: true, ..Default::default() };
    let plan = oddflow::model::OutputPlan::new(&rows.schema(), &options).unwrap();
    let alone = plan.attach(&rows, scorer.score(&once).unwrap()).unwrap();
    assert_eq!((alone.num_columns(), alone.num_rows()), (3, 40));
    let severity = alone.column(1).as_primitive::<arrow_array::types::Float64Type>();
    let score = alone.column(0).as_primitive::<arrow_array::types::Float64Type>();
    for (i, verdict) in alone.column(2).as_boolean().iter().enumerate() {
        assert_eq!(verdict, Some(severity.value(i) > 0.7));
        assert_eq!(severity.value(i), model.severity.of(score.value(i)));
    }
}

#[test]
fn a_summary_tells_all() {
    let model = fit(&flows(300), 7);
    let summary = model.summary().unwrap();
    assert_eq!(summary.digest, model.digest().unwrap());
    let trees = summary.trees.unwrap();
    assert_eq!((trees.n_trees, trees.n_nodes), (7, 2 * trees.n_leaves - 7));
    assert!(trees.max_depth <= 6 && trees.mean_leaf_depth <= 6.0);
    assert_eq!(summary.features.len(), model.features.n_features());
    assert!(summary.severity.iter().any(|row| row.percentile == 99.0 && (row.severity - 0.7).abs() < 1e-12));
    assert!((summary.threshold_severity - 0.7).abs() < 1e-9);
    assert_eq!(summary.replayed_rows, 16);
    serde_json::to_string(&summary).unwrap();
}
