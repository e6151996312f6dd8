//! The arrays of a one-class support vector machine: its sections of a model file.
//!
//! - `vectors`: f32 a value, support vectors (or landmarks) one after the other;
//! - `dual_coef`: f64 a vector, its coefficient.

use super::container::Sections;
use super::numbers::{from_f32s, from_f64s, to_f64s};
use super::references::matrix;
use crate::detectors::{OneClassSvm, OneClassSvmParams, SvmReport};
use crate::ops::rbf::Expansion;
use serde::{Deserialize, Serialize};

const VECTORS: &str = "vectors";
const DUAL_COEF: &str = "dual_coef";

/// A machine without its arrays.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MachineHeader {
    params: OneClassSvmParams,
    gamma: f64,
    rho: f64,
    report: SvmReport,
    n_vectors: usize,
    pub n_features: usize,
}

impl MachineHeader {
    pub fn of(machine: &OneClassSvm) -> Self {
        Self {
            params: machine.params().clone(),
            gamma: machine.expansion().gamma(),
            rho: machine.rho(),
            report: *machine.report(),
            n_vectors: machine.expansion().vectors().nrows(),
            n_features: machine.expansion().n_features(),
        }
    }
}

/// The sections of a machine.
pub(super) fn pack(machine: &OneClassSvm) -> [(&'static str, Vec<u8>); 2] {
    let expansion = machine.expansion();
    [(VECTORS, from_f32s(expansion.vectors())), (DUAL_COEF, from_f64s(expansion.coefficients()))]
}

/// The machine of the sections.
pub(super) fn unpack(header: MachineHeader, sections: &mut Sections<'_>) -> Result<OneClassSvm, String> {
    let [vectors, dual_coef] = sections.take([VECTORS, DUAL_COEF])?;
    let vectors = matrix("support vectors", (header.n_vectors, header.n_features), vectors)?;
    let dual_coef = to_f64s(dual_coef).ok_or("its section `dual_coef` is cut off")?.collect();
    let expansion = Expansion::new(vectors, dual_coef, header.gamma).map_err(|error| error.to_string())?;
    OneClassSvm::from_parts(expansion, header.rho, header.params, header.report).map_err(|error| error.to_string())
}
