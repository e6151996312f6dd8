//! `oddflow generate`: synthetic flows, made in parallel, written in order.

use super::Done;
use super::args::Generate;
use super::run::catch_interrupts;
use super::settings::threads;
use super::talk::{Talk, bytes, plural};
use crate::flows::generate::{GenerateOptions, Generator};
use crate::flows::sink::{Sink, SinkOptions, Target};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use rayon::prelude::*;

/// Blocks encoded together: a Parquet row group of 131,072 rows.
const BLOCKS_A_GROUP: u64 = 16;

pub fn run(args: &Generate) -> Result<Done> {
    let threads = threads(args.threads)?;
    let options = GenerateOptions { n_rows: args.rows, seed: args.seed, anomaly_share: args.anomaly_share };
    let generator = Generator::new(options)?;
    let target = Target::parse(&args.output)?;
    let stop = catch_interrupts()?;
    let mut sink = Sink::create(&target, &generator.schema(), &SinkOptions::default())?;
    let encoder = sink.encoder();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::Device(format!("no threads could be started: {e}")))?;
    // A few groups a thread at a time keep memory flat and the threads busy.
    let groups: Vec<u64> = (0..generator.n_blocks()).step_by(BLOCKS_A_GROUP as usize).collect();
    for wave in groups.chunks(threads * 2) {
        stop.check()?;
        let group = |&first: &u64| encoder.encode(&rows_from(&generator, first)?);
        let encoded: Vec<_> = pool.install(|| wave.par_iter().map(group).collect::<Result<_>>())?;
        encoded.into_iter().try_for_each(|group| sink.write(group))?;
    }
    let written = sink.finish()?;
    let text = format!("{} ({}, {})", args.output, plural(written.rows, "flow"), bytes(written.bytes));
    Talk::new(args.quiet).line("wrote", &text);
    Ok(Done::Clean)
}

fn rows_from(generator: &Generator, first: u64) -> Result<RecordBatch> {
    let last = (first + BLOCKS_A_GROUP).min(generator.n_blocks());
    let blocks: Vec<RecordBatch> = (first..last).map(|i| generator.block(i)).collect::<Result<_>>()?;
    concat_batches(&generator.schema(), &blocks).map_err(|e| Error::Schema(e.to_string()))
}
