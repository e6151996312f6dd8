//! Affinities, gradient, divergence and descent of t-SNE are the reference's.

use ndarray::{Array0, Array1, Array2};
use ndarray_npy::{NpzReader, ReadableElement};
use oddflow::Stop;
use oddflow::device::Device;
use oddflow::embedding::tsne::{Descent, Step, gradient};
use oddflow::embedding::{Affinities, Conditional};
use oddflow::ops::neighbors::{Neighbors, Watch};
use std::fs::File;
use std::path::PathBuf;

/// The file of reference values; `None`, said, where it is not at hand.
fn golden() -> Option<NpzReader<File>> {
    let shared = std::env::var_os("ODDFLOW_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("golden").join("tsne.npz");
    if !path.exists() {
        println!("skipped: {} is not there; set ODDFLOW_SHARED to the folder of shared data", path.display());
        return None;
    }
    Some(NpzReader::new(File::open(path).unwrap()).unwrap())
}

fn matrix<T: ReadableElement>(file: &mut NpzReader<File>, name: &str) -> Array2<T> {
    file.by_name(name).unwrap()
}

fn points(file: &mut NpzReader<File>, name: &str) -> Vec<[f64; 2]> {
    matrix::<f64>(file, name).rows().into_iter().map(|row| [row[0], row[1]]).collect()
}

fn sparse(p: &Array2<f64>) -> Affinities {
    let row = |(i, row): (usize, ndarray::ArrayView1<f64>)| {
        row.iter().enumerate().filter(|&(j, _)| j != i).map(|(j, &p)| (j as u32, p)).collect()
    };
    Affinities::from_rows(p.rows().into_iter().enumerate().map(row).collect())
}

/// |a − b| / |b|, Euclidean.
fn error(a: &[[f64; 2]], b: &[[f64; 2]]) -> f64 {
    let apart: f64 = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).powi(2)).sum();
    (apart / b.iter().flatten().map(|b| b * b).sum::<f64>()).sqrt()
}

#[test]
fn affinities_are_the_references() {
    let Some(mut file) = golden() else { return };
    let x = matrix::<f64>(&mut file, "X").mapv(|x| x as f32);
    let (p, betas): (Array2<f64>, Array1<f64>) = (matrix(&mut file, "P"), file.by_name("betas").unwrap());
    let stop = Stop::new();
    let neighbors = Neighbors::prepare(x.view(), &Device::Cpu).unwrap();
    let lists = neighbors.self_lists(x.nrows() - 1, Watch::stop(&stop)).unwrap();
    let conditional = Conditional::new(&lists, 30.0).unwrap();
    for (row, beta) in conditional.rows.iter().zip(&conditional.betas).map(|(r, b)| (r, *b)) {
        assert!((row.iter().map(|&(_, p)| p).sum::<f64>() - 1.0).abs() <= 1e-12 && beta.is_finite());
    }
    for (met, wanted) in conditional.betas.iter().zip(&betas) {
        assert!((met - wanted).abs() <= 1e-5 * wanted, "{met} {wanted}");
    }
    let met = conditional.symmetrised();
    let mut worst = 0f64;
    for i in 0..x.nrows() {
        assert_eq!(met.row(i).len(), x.nrows() - 1);
        for &(j, value) in met.row(i).iter().filter(|&&(j, _)| p[[i, j as usize]] >= 1e-10) {
            worst = worst.max((value / p[[i, j as usize]] - 1.0).abs());
        }
    }
    println!("P: {worst:e}");
    assert!(worst <= 1e-5, "{worst:e}");
}

#[test]
fn gradient_and_divergence_are_the_references() {
    let Some(mut file) = golden() else { return };
    let p = sparse(&matrix(&mut file, "P"));
    let met = gradient(&p, &points(&mut file, "Y"), 1.0).unwrap();
    let kl: Array0<f64> = file.by_name("kl").unwrap();
    let (kl, slope) = ((met.kl / kl.into_scalar() - 1.0).abs(), error(&met.rows, &points(&mut file, "grad")));
    println!("KL: {kl:e}, gradient: {slope:e}");
    assert!(kl <= 1e-6 && slope <= 2e-6, "{kl:e} {slope:e}");
}

#[test]
fn the_first_steps_are_scikit_learns() {
    let Some(mut file) = golden() else { return };
    let p = sparse(&matrix(&mut file, "P"));
    let mut descent = Descent::new(points(&mut file, "Y0"));
    for done in 1..=50 {
        let slope = gradient(&p, descent.points(), 12.0).unwrap();
        descent.step(&slope.rows, Step { learning_rate: 50.0, momentum: 0.5 });
        if [1, 10, 50].contains(&done) {
            let met = error(descent.points(), &points(&mut file, &format!("Y_after_{done}")));
            println!("after {done}: {met:e}");
            assert!(met <= 1e-4, "after {done}: {met:e}");
        }
    }
}
