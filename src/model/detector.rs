//! A detector's sections of a model file; those of an ensemble are its members' one after the other, each behind the knots
//! of its rarity scale.

use super::container::Sections;
use super::header::{DetectorHeader, MemberHeader};
use super::{machine, numbers, references, trees};
use crate::detectors::{Detector, Ensemble, IsolationForest, Severity};

const SEVERITY: &str = "severity";

/// A section's name and bytes.
pub(super) type Section = (&'static str, Vec<u8>);

/// The knots of a rarity scale: scores, then their severities.
pub(super) fn pack_severity(severity: &Severity) -> Section {
    let (scores, severities) = severity.knots();
    (SEVERITY, numbers::from_f64s(scores.iter().chain(severities)))
}

/// The rarity scale of the next section.
pub(super) fn unpack_severity(n_scores: u64, width: f64, sections: &mut Sections<'_>) -> Result<Severity, String> {
    let [severity] = sections.take([SEVERITY])?;
    let mut knots = numbers::to_f64s(severity).ok_or("its severity table is cut off")?;
    let scores = knots.by_ref().take(severity.len() / 16).collect();
    Ok(Severity::from_parts(n_scores, width, scores, knots.collect())?)
}

/// A detector's arrays.
pub(super) fn pack(detector: &Detector) -> Vec<Section> {
    match detector {
        Detector::IsolationForest(forest) => trees::SECTIONS.into_iter().zip(trees::pack(forest.forest())).collect(),
        Detector::LocalOutlierFactor(detector) => references::pack_factor(detector).into(),
        Detector::NearestNeighbors(detector) => references::pack_nearest(detector).into(),
        Detector::OneClassSvm(detector) => machine::pack(detector).into(),
        Detector::Ensemble(ensemble) => {
            let members = ensemble.members().iter().zip(ensemble.severities());
            members.flat_map(|(member, severity)| [vec![pack_severity(severity)], pack(member)].concat()).collect()
        }
    }
}

/// The detector of the sections.
pub(super) fn unpack(header: DetectorHeader, sections: &mut Sections<'_>) -> Result<Detector, String> {
    match header {
        DetectorHeader::Ensemble { members } => of_members(members, sections),
        single => unpack_single(single, sections),
    }
}

fn of_members(headers: Vec<MemberHeader>, sections: &mut Sections<'_>) -> Result<Detector, String> {
    let (mut members, mut severities) = (Vec::new(), Vec::new());
    for MemberHeader { detector, n_scores, width } in headers {
        severities.push(unpack_severity(n_scores, width, sections)?);
        members.push(unpack_single(detector, sections)?);
    }
    Ensemble::from_parts(members, severities).map(Detector::from).map_err(|error| error.to_string())
}

fn unpack_single(header: DetectorHeader, sections: &mut Sections<'_>) -> Result<Detector, String> {
    Ok(match header {
        DetectorHeader::IsolationForest { params, sample_size, n_features } => {
            let forest = trees::unpack(n_features, sections.take(trees::SECTIONS)?)?;
            IsolationForest::from_parts(forest, sample_size, params).map_err(|error| error.to_string())?.into()
        }
        DetectorHeader::LocalOutlierFactor { params, n_references, n_features } => {
            references::unpack_factor(params, (n_references, n_features), sections)?.into()
        }
        DetectorHeader::NearestNeighbors { params, n_references, n_features } => {
            references::unpack_nearest(params, (n_references, n_features), sections)?.into()
        }
        DetectorHeader::OneClassSvm(header) => machine::unpack(header, sections)?.into(),
        DetectorHeader::Ensemble { .. } => return Err("its ensemble has an ensemble for a member: fit again".into()),
    })
}
