//! `oddflow bench`: the throughput of each operation, CPU against each GPU.

use super::Done;
use super::args::Bench;
use super::settings::threads;
use super::talk::{bytes, count, plural, say};
use crate::device::{Device, DeviceChoice, adapters, open};
use crate::ops::{BenchCase, Measurement, OPERATIONS};
use crate::{Error, Result};
use comfy_table::{Cell, CellAlignment, Table, presets};

/// Rows of a case: a second or so on a CPU core.
const DEFAULT_ROWS: usize = 1_000_000;

pub fn run(args: &Bench) -> Result<Done> {
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads(args.threads)?).build_global();
    let cases = cases(args)?;
    let mut measurements = Vec::new();
    for device in devices(args)? {
        for case in &cases {
            eprintln!("measuring {}: {} on {}", case.operation, case.name, device.describe());
            measurements.push(case.measure(&device, args.repeats)?);
        }
    }
    if args.json {
        let text = serde_json::to_string_pretty(&measurements).map_err(|e| Error::Device(e.to_string()))?;
        text.lines().try_for_each(say)?;
    } else {
        print_table(&cases, &measurements)?;
    }
    Ok(Done::Clean)
}

fn cases(args: &Bench) -> Result<Vec<BenchCase>> {
    let wanted = args.operation.as_deref().unwrap_or("");
    let rows = args.rows.unwrap_or(DEFAULT_ROWS);
    let cases: Vec<BenchCase> =
        OPERATIONS.iter().filter(|o| o.name.contains(wanted)).flat_map(|o| (o.cases)(rows)).collect();
    if cases.is_empty() {
        let names: Vec<&str> = OPERATIONS.iter().map(|o| o.name).collect();
        return Err(Error::parameter("operation", wanted, format!("the operations are: {}", names.join(", "))));
    }
    Ok(cases)
}

/// The CPU first, then what was named, or every hardware adapter.
fn devices(args: &Bench) -> Result<Vec<Device>> {
    let mut devices = vec![Device::Cpu];
    match &args.device {
        Some(name) => devices.extend(Some(open(&name.parse()?)?).filter(|d| !matches!(d, Device::Cpu))),
        None => {
            for adapter in adapters().iter().filter(|a| a.kind.is_hardware()) {
                devices.push(open(&DeviceChoice::Index(adapter.index))?);
            }
        }
    }
    Ok(devices)
}

fn print_table(cases: &[BenchCase], measurements: &[Measurement]) -> Result<()> {
    let headings = ["device", "prepare", "upload", "kernel", "download", "cold", "warm", "rows/s", "bytes/s", "vs CPU"];
    for case in cases {
        say(&format!("{}: {}; {}, {}", case.operation, case.name, plural(case.rows, "row"), bytes(case.bytes)))?;
        let of_case: Vec<&Measurement> =
            measurements.iter().filter(|m| m.operation == case.operation && m.case == case.name).collect();
        let cpu = of_case.first().map_or(0.0, |m| m.warm_s);
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(headings.iter().enumerate().map(|(i, h)| cell(h, i > 0)));
        for m in of_case {
            table.add_row(row(m, cpu).iter().enumerate().map(|(i, text)| cell(text, i > 0)));
        }
        table.trim_fmt().lines().try_for_each(say)?;
        say("")?;
    }
    say(
        "Times of one run: cold from a model in memory to the first results (compilation included), warm the median of",
    )?;
    say("the later runs. Stages overlap, so they can add up to more than warm; a CPU run is all kernel.")?;
    Ok(())
}

fn row(m: &Measurement, cpu: f64) -> [String; 10] {
    let ms = |s: f64| format!("{:.1} ms", s * 1e3);
    let stages = &m.stages;
    [
        m.device.clone(),
        ms(stages.prepare_s),
        ms(stages.upload_s),
        ms(stages.kernel_s),
        ms(stages.download_s),
        ms(m.cold_s),
        ms(m.warm_s),
        count(m.rows_per_s as u64),
        format!("{}/s", bytes(m.bytes_per_s as u64)),
        format!("{:.2}x", cpu / m.warm_s),
    ]
}

fn cell(text: &str, right: bool) -> Cell {
    Cell::new(text).set_alignment(if right { CellAlignment::Right } else { CellAlignment::Left })
}
