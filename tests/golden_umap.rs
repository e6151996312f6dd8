//! The fuzzy graph of UMAP is the reference's.

#[path = "support/golden.rs"]
mod golden;

use golden::golden;
use ndarray::{Array1, Array2};
use ndarray_npy::NpzReader;
use oddflow::Stop;
use oddflow::device::Device;
use oddflow::embedding::umap::{Memberships, fuzzy_graph};
use oddflow::ops::neighbors::{Neighbors, Watch};
use std::fs::File;

#[test]
fn scales_memberships_and_graph_are_the_references() {
    let Some(mut file) = golden("umap.npz") else { return };
    let rows: Array2<f32> = file.by_name("X").unwrap();
    let stop = Stop::new();
    let lists = Neighbors::prepare(rows.view(), &Device::Cpu).unwrap().self_lists(14, Watch::stop(&stop)).unwrap();
    let memberships = Memberships::new(&lists);
    for (name, met) in [("sigmas", &memberships.sigmas), ("rhos", &memberships.rhos)] {
        let wanted: Array1<f32> = file.by_name(name).unwrap();
        for (met, wanted) in met.iter().zip(&wanted) {
            assert!((met - f64::from(*wanted)).abs() <= 1e-5 * (1.0 + met.abs()), "{name}: {met} {wanted}");
        }
    }
    let directed: Array2<f32> = file.by_name("directed_val").unwrap();
    for row in 0..rows.nrows() {
        for (place, d) in lists.row(row).1.iter().enumerate() {
            let (met, wanted) = (memberships.membership(row, d.sqrt()), f64::from(directed[[row, place + 1]]));
            assert!((met - wanted).abs() <= 1e-5, "{row} {place}: {met} {wanted}");
        }
    }
    for (mix, prefix) in [(1.0, ""), (0.5, "mix05_")] {
        let graph = fuzzy_graph(&lists, &memberships, mix).unwrap();
        let array = |file: &mut NpzReader<File>, name: &str| -> Array1<i32> { file.by_name(name).unwrap() };
        let (offsets, columns) =
            (array(&mut file, &format!("{prefix}indptr")), array(&mut file, &format!("{prefix}indices")));
        let values: Array1<f32> = file.by_name(&format!("{prefix}data")).unwrap();
        let mut worst = 0f32;
        for row in 0..rows.nrows() {
            let mut wanted: Vec<(u32, f32)> = (offsets[row] as usize..offsets[row + 1] as usize)
                .map(|at| (columns[at] as u32, values[at]))
                .filter(|&(_, value)| value > 0.0)
                .collect();
            wanted.sort_by_key(|&(column, _)| column);
            let (columns, weights) = graph.row(row);
            assert_eq!(columns, wanted.iter().map(|&(column, _)| column).collect::<Vec<_>>(), "row {row}");
            worst =
                weights.iter().zip(&wanted).fold(worst, |worst, (met, (_, wanted))| worst.max((met - wanted).abs()));
        }
        println!("mix {mix}: {worst:e}");
        assert!(worst <= 1e-5, "{worst:e}");
    }
}
