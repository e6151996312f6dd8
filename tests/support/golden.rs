//! Reference values of other libraries, and the devices that are held to them.

// Each test that takes this file in uses a part of it.
#![allow(dead_code)]

use ndarray::{Array0, Array1, Array2};
use ndarray_npy::{NpzReader, ReadableElement};
use oddflow::device::{self, Device, DeviceChoice, adapters};
use std::fs::File;
use std::path::PathBuf;

/// A file of reference values, such as `tsne.npz`; `None`, said, where it is not at hand.
pub fn golden(name: &str) -> Option<NpzReader<File>> {
    let shared = std::env::var_os("ODDFLOW_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("golden").join(name);
    if !path.exists() {
        println!("skipped: {} is not there; set ODDFLOW_SHARED to the folder of shared data", path.display());
        return None;
    }
    Some(NpzReader::new(File::open(path).unwrap()).unwrap())
}

pub fn scalar<T: ReadableElement>(file: &mut NpzReader<File>, name: &str) -> T {
    let value: Array0<T> = file.by_name(name).unwrap();
    value.into_scalar()
}

pub fn vector<T: ReadableElement>(file: &mut NpzReader<File>, name: &str) -> Array1<T> {
    file.by_name(name).unwrap()
}

pub fn matrix<T: ReadableElement>(file: &mut NpzReader<File>, name: &str) -> Array2<T> {
    file.by_name(name).unwrap()
}

/// Every adapter that can be opened, unless `ODDFLOW_GPU=off`.
pub fn gpus() -> Vec<Device> {
    if std::env::var("ODDFLOW_GPU").is_ok_and(|demand| demand == "off") {
        return Vec::new();
    }
    let usable = adapters().iter().filter(|adapter| adapter.shortfall().is_none());
    usable.map(|adapter| device::open(&DeviceChoice::Index(adapter.index)).unwrap()).collect()
}

/// The CPU, and those.
pub fn devices() -> Vec<Device> {
    std::iter::once(Device::Cpu).chain(gpus()).collect()
}
