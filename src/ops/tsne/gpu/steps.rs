//! What a step is made of, and its submission.

use super::{BLOCK, CUTS, DescentStep, GROUP_ROWS, TsneGpu, UPDATE_LANES};
use crate::Result;
use crate::device::{Batch, Slot, UNIFORM_STRIDE};
use crate::ops::tsne::Step;
use std::time::{Duration, Instant};

pub(super) const REPULSION: usize = 0;
pub(super) const COMBINE: usize = 1;
pub(super) const TOTAL: usize = 2;
pub(super) const SLOPE: usize = 3;
pub(super) const UPDATE: usize = 4;

/// One dispatch.
pub(super) struct Launch {
    pub kernel: usize,
    step: DescentStep,
    groups: [u32; 2],
    chunk: usize,
}

impl TsneGpu {
    /// The dispatches of one step, in order.
    pub(super) fn launches(&self, step: Step) -> Vec<Launch> {
        let n = self.affinities.n_rows();
        let n_blocks = n.div_ceil(BLOCK);
        let uniform = DescentStep {
            n_points: n as u32,
            first: 0,
            n_rows: 0,
            part_tiles: self.part_tiles as u32,
            n_parts: self.n_parts as u32,
            learning_rate: step.learning_rate as f32,
            momentum: step.momentum as f32,
            exaggeration: step.exaggeration as f32,
        };
        let fit = self.rate * self.gpu.dispatch_time().as_secs_f64() / (BLOCK * n) as f64;
        let piece = (fit as usize).clamp(1, n_blocks).max(n_blocks.div_ceil(CUTS));
        let mut launches = Vec::new();
        for first in (0..n_blocks).step_by(piece) {
            let groups = [piece.min(n_blocks - first) as u32, self.n_parts as u32];
            launches.push(Launch {
                kernel: REPULSION,
                step: DescentStep { first: first as u32, ..uniform },
                groups,
                chunk: 0,
            });
        }
        launches.push(Launch { kernel: COMBINE, step: uniform, groups: [n_blocks as u32, 1], chunk: 0 });
        launches.push(Launch { kernel: TOTAL, step: uniform, groups: [1, 1], chunk: 0 });
        for (chunk, rows) in self.chunks.iter().enumerate() {
            let step = DescentStep { first: rows.first as u32, n_rows: rows.n_rows as u32, ..uniform };
            launches.push(Launch { kernel: SLOPE, step, groups: [rows.n_rows.div_ceil(GROUP_ROWS) as u32, 1], chunk });
        }
        launches.push(Launch { kernel: UPDATE, step: uniform, groups: [n.div_ceil(UPDATE_LANES) as u32, 1], chunk: 0 });
        launches
    }

    /// Runs the dispatches `n_times`, and reads `output_bytes` of the state.
    pub(super) fn submit<T>(
        &self,
        slot: Slot,
        launches: &[Launch],
        n_times: usize,
        output_bytes: u64,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<(T, Duration)> {
        let started = Instant::now();
        let written = slot.staging().map(|mut view| {
            for (at, launch) in launches.iter().enumerate() {
                let at = at * UNIFORM_STRIDE as usize;
                view.slice(at..at + size_of::<DescentStep>()).copy_from_slice(bytemuck::bytes_of(&launch.step));
            }
        });
        if let Err(error) = written {
            self.ring.put(slot);
            return Err(error);
        }
        let batch = Batch { input_bytes: 0, output_bytes, poison: None, prepare: started.elapsed() };
        let flight = self.ring.launch(slot, &batch, |pass| {
            for _ in 0..n_times {
                for (at, launch) in (0..).zip(launches) {
                    let (Some(pipeline), Some(own)) = (self.pipelines.get(launch.kernel), self.own.get(launch.kernel))
                    else {
                        continue;
                    };
                    pass.set_pipeline(&pipeline.pipeline);
                    pass.set_bind_group(0, own, &[at * UNIFORM_STRIDE as u32]);
                    if let (SLOPE, Some(chunk)) = (launch.kernel, self.chunks.get(launch.chunk)) {
                        pass.set_bind_group(1, &chunk.group, &[]);
                    }
                    pass.dispatch_workgroups(launch.groups[0], launch.groups[1], 1);
                    self.gpu.count_dispatch();
                }
            }
        });
        flight.land(read)
    }
}
