//! Rows on their way to the device.

use super::stage::Step;
use crate::Result;
use crate::device::{Slot, UNIFORM_STRIDE};
use crate::ops::dispatch::Dispatch;
use ndarray::ArrayView2;

/// The bits of an f32 as an integer that orders as the floats do; −0 is 0, NaN comes last. `order_key` of the kernels.
pub(super) fn order_key(value: f32) -> u32 {
    match value.to_bits() {
        _ if value.is_nan() => u32::MAX,
        bits if bits << 1 == 0 => 1 << 31,
        bits if bits >> 31 == 1 => !bits,
        bits => bits | 1 << 31,
    }
}

/// Writes the uniforms and rows of a batch into staging memory.
pub(super) fn write_batch(slot: &Slot, steps: &[Step], rows: ArrayView2<'_, f32>) -> Result<()> {
    let mut view = slot.staging()?;
    for (i, step) in steps.iter().enumerate() {
        let at = i * UNIFORM_STRIDE as usize;
        view.slice(at..at + size_of::<Dispatch>()).copy_from_slice(bytemuck::bytes_of(&step.dispatch));
    }
    let mut at = slot.input_offset();
    let mut write = |values: &[f32]| {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        view.slice(at..at + bytes.len()).copy_from_slice(bytes);
        at += bytes.len();
    };
    match rows.as_slice() {
        Some(values) => write(values),
        None => rows.rows().into_iter().for_each(|row| write(&row.to_vec())),
    }
    Ok(())
}
