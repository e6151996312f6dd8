//! `oddflow devices`: every adapter with type, driver, limits, which operations it can run, and why not.

use super::Done;
use super::args::Devices;
use super::talk::{bytes, count, say};
use crate::device::{AdapterReport, Device, adapters};
use crate::ops::supported_by;
use crate::{Error, Result};
use serde_json::json;

pub fn run(args: &Devices) -> Result<Done> {
    let reports = adapters();
    if args.json {
        let all: Vec<_> = reports.iter().map(as_json).collect();
        let text = serde_json::to_string_pretty(&all).map_err(|e| Error::Device(e.to_string()))?;
        text.lines().try_for_each(say)?;
        return Ok(Done::Clean);
    }
    say(&format!("cpu  {}", Device::Cpu.describe()))?;
    reports.iter().try_for_each(print_adapter)?;
    if reports.is_empty() {
        say("     no GPU adapter was found (Vulkan, Metal, DirectX 12 and OpenGL were asked)")?;
    }
    say("")?;
    say(
        "--device auto takes a hardware GPU where there is one, else the CPU; an index or a part of a name takes that",
    )?;
    say("adapter; gpu takes the best one, a software adapter too.")?;
    Ok(Done::Clean)
}

fn as_json(report: &AdapterReport) -> serde_json::Value {
    let operations: serde_json::Map<String, serde_json::Value> = supported_by(report)
        .into_iter()
        .map(|(name, runs)| (name.to_owned(), json!({ "runs": runs.is_ok(), "why_not": runs.err() })))
        .collect();
    json!({ "adapter": report, "operations": operations })
}

fn print_adapter(report: &AdapterReport) -> Result<()> {
    let limits = &report.limits;
    say(&format!("{:<4} {}", report.index, report.name))?;
    say(&format!("     type        {} ({})", report.kind, report.api))?;
    say(&format!("     driver      {}", report.driver))?;
    say(&format!(
        "     limits      binding {}, buffer {}, workgroup memory {}, {} lanes a workgroup, {} groups a dispatch",
        bytes(limits.storage_binding_bytes),
        bytes(limits.buffer_bytes),
        bytes(limits.workgroup_bytes.into()),
        count(limits.workgroup_lanes.into()),
        count(limits.workgroups.into())
    ))?;
    for (operation, runs) in supported_by(report) {
        let runs = runs.map_or_else(|why| format!("cannot run: {why}"), |()| "runs".to_owned());
        say(&format!("     {operation:<11} {runs}"))?;
    }
    Ok(())
}
