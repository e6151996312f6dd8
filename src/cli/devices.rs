//! `oddflow devices`: every adapter with type, driver, limits, which operations it can run, and why not.

use super::Done;
use super::args::Devices;
use super::talk::{bytes, count};
use crate::device::{AdapterReport, Device, adapters};
use crate::flows::sink::printable;
use crate::ops::supported_by;
use crate::{Error, Result};
use serde_json::json;

pub fn run(args: &Devices) -> Result<Done> {
    let reports = adapters();
    if args.json {
        let all: Vec<_> = reports.iter().map(as_json).collect();
        let text = serde_json::to_string_pretty(&all).map_err(|e| Error::Device(e.to_string()))?;
        println!("{text}");
        return Ok(Done::Clean);
    }
    println!("cpu  {}", Device::Cpu.describe());
    reports.iter().for_each(print_adapter);
    if reports.is_empty() {
        println!("     no GPU adapter was found (Vulkan, Metal, DirectX 12 and OpenGL were asked)");
    }
    println!(
        "\n--device auto takes a hardware GPU where there is one, else the CPU; an index or a part of a name takes that"
    );
    println!("adapter; gpu takes the best one, a software adapter too.");
    Ok(Done::Clean)
}

fn as_json(report: &AdapterReport) -> serde_json::Value {
    let operations: serde_json::Map<String, serde_json::Value> = supported_by(report)
        .into_iter()
        .map(|(name, runs)| (name.to_owned(), json!({ "runs": runs.is_ok(), "why_not": runs.err() })))
        .collect();
    json!({ "adapter": report, "operations": operations })
}

fn print_adapter(report: &AdapterReport) {
    let limits = &report.limits;
    println!("{:<4} {}", report.index, printable(&report.name));
    println!("     type        {} ({})", report.kind, report.api);
    println!("     driver      {}", printable(&report.driver));
    println!(
        "     limits      binding {}, buffer {}, workgroup memory {}, {} lanes a workgroup, {} groups a dispatch",
        bytes(limits.storage_binding_bytes),
        bytes(limits.buffer_bytes),
        bytes(limits.workgroup_bytes.into()),
        count(limits.workgroup_lanes.into()),
        count(limits.workgroups.into())
    );
    for (operation, runs) in supported_by(report) {
        let runs = runs.map_or_else(|why| format!("cannot run: {why}"), |()| "runs".to_owned());
        println!("     {operation:<11} {runs}");
    }
}
