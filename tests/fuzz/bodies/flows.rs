//! Records as flows, and what is made of them.

use oddflow::features::flow::{FlowCounts, FlowFeatures, FlowSet, Locality};
use oddflow::features::windows::{Event, WindowOptions, Windows};
use oddflow::findings::{Collector, Rows, faults};
use oddflow::flows::Batch;
use oddflow::flows::record::{FlowOptions, FlowSchema, Flows, LogZone};
use oddflow::flows::snapshots::Snapshots;
use oddflow::flows::source::Input;
use oddflow::flows::survey::{BatchSurvey, Survey};
use oddflow::{Result, Stop};

/// The whole way from records to features and findings, where the columns are those of flows.
pub fn read(input: &Input, batches: &[Batch]) {
    let Some(schema) = FlowSchema::recognise(&input.schema, FlowOptions { zone: LogZone::east(90) }) else { return };
    // A column whose type flows are not read from is an error, and ends it.
    let _ = of(input, batches, &schema);
}

fn of(input: &Input, batches: &[Batch], schema: &FlowSchema) -> Result<()> {
    let snapshots = Snapshots::gather(input, schema)?;
    if let Some(snapshots) = &snapshots {
        snapshots.close(input, schema)?;
    }
    let (mut survey, mut windows, mut counts) = (Survey::default(), Windows::new(&room(batches)), FlowCounts::new());
    let mut whole: Vec<(Flows, Vec<u64>, Vec<f64>)> = Vec::new();
    for batch in batches {
        let log = input.files.get(batch.file).and_then(|file| file.log);
        let flows = schema.flows_of(&batch.columns, log)?;
        let sensors = schema.sensors(&batch.columns)?;
        assert_eq!((flows.n_rows(), sensors.len()), (batch.n_rows(), batch.n_rows()));
        survey.add(BatchSurvey::of(batch, &flows, &sensors, log));
        let replaced = snapshots.as_ref().map(|snapshots| snapshots.superseded(batch, &flows, &sensors));
        let replaced = |row: usize| replaced.as_ref().is_some_and(|replaced| replaced[row]);
        let positions: Vec<u64> = (0..batch.n_rows()).map(|row| batch.stream_position(row)).collect();
        windows.push(positions.iter().enumerate().map(|(row, &position)| match replaced(row) {
            true => Event::outside(position),
            false => Event::of(&flows, row, position),
        }))?;
        counts.add(&flows);
        let severity = (0..batch.n_rows()).map(|row| if replaced(row) { f64::NAN } else { (row % 10) as f64 / 10.0 });
        whole.push((flows, positions, severity.collect()));
    }
    let berlin = LogZone::place("Europe/Berlin").expect("it is a place");
    let _ = (survey.time_line(berlin), survey.order_line(), survey.faults_line(), survey.gaps(berlin));
    let _ = survey.warnings(input, &vec![None; input.files.len()]);
    features(&whole, windows, counts)?;
    findings(&whole);
    Ok(())
}

/// So little room at times that windows spill and forget.
fn room(batches: &[Batch]) -> WindowOptions {
    let rows: usize = batches.iter().map(Batch::n_rows).sum();
    let (memory, tables) = if rows.is_multiple_of(2) { (1 << 20, 1 << 20) } else { (1 << 9, 1 << 9) };
    WindowOptions { memory, tables, folder: None }
}

fn features(whole: &[(Flows, Vec<u64>, Vec<f64>)], windows: Windows, counts: FlowCounts) -> Result<()> {
    let windows = windows.finish(&Stop::new())?;
    let (statistics, locality) = (counts.finish(), Locality::default());
    for set in [FlowSet::Default, FlowSet::Basic] {
        let features =
            FlowFeatures { set, statistics: statistics.clone(), locality: locality.clone(), zone: LogZone::UTC };
        for (flows, positions, _) in whole {
            let columns = features.columns(flows, &windows.batch(positions)?, |row| row % 2 == 0)?;
            assert_eq!(columns.num_rows(), flows.n_rows());
        }
    }
    Ok(())
}

fn findings(whole: &[(Flows, Vec<u64>, Vec<f64>)]) {
    let mut collector = Collector::new();
    let rows = |flows, severity, claimed| Rows { flows, severity, claimed };
    for (flows, _, severity) in whole {
        collector.observe(&rows(flows, severity.as_slice(), flows.claimed.as_slice()));
    }
    let grouped = collector.finish();
    for fault in faults(&grouped, LogZone::place("Europe/Berlin").expect("it is a place")) {
        let _ = fault.words(&grouped);
    }
    for (flows, _, severity) in whole {
        let of = grouped.findings_of(&rows(flows, severity.as_slice(), flows.claimed.as_slice()));
        assert!(of.iter().flatten().all(|&finding| finding < grouped.findings().len()));
    }
}
