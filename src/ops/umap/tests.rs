use super::power::{LANES, power};
use super::*;

fn raised(x: f32, b: f32) -> f32 {
    let mut out = [f32::NAN; LANES];
    power(&[x; LANES], b, &mut out);
    out[LANES - 1]
}

#[test]
fn powers_are_near() {
    let mut worst = 0f64;
    for b in [0.5f32, 0.79, 0.895_060_9, 1.33, 2.0] {
        for i in -2000..2000 {
            let x = libm::exp(f64::from(i) * 0.01) as f32;
            let met = f64::from(raised(x, b));
            worst = worst.max((met / libm::pow(f64::from(x), f64::from(b)) - 1.0).abs());
        }
        assert_eq!(raised(0.0, b), 0.0);
    }
    assert!(worst < 3e-6, "{worst:e}");
}

/// One epoch of a small graph, term by term in f64.
#[test]
fn an_epoch_is_the_formula() {
    let n = 30usize;
    let weight = |i: usize, j: usize| 1.0 / (1 + (i + j) % 4) as f32;
    let edges = |i: usize| (0..n).filter(move |&j| j != i && i.abs_diff(j) < 4).map(move |j| (j as u32, weight(i, j)));
    let graph = Graph::new((0..n).map(|i| edges(i).collect()).collect()).unwrap();
    let layout = Layout { a: 1.6, b: 0.9, repulsion: 1.0, n_negatives: 0, n_epochs: 10, learning_rate: 0.002, seed: 3 };
    let start = Array2::from_shape_fn((n, 2), |(i, c)| (i * (3 + 4 * c) % 11) as f32);
    let mut umap = Umap::prepare(&graph, start.view(), n, layout, &Device::Cpu).unwrap();
    umap.advance(4).unwrap();
    // With so small steps the sub-steps hardly matter: every edge acts twice as often as its weight says.
    let mut y = start.mapv(f64::from);
    for epoch in 0..4 {
        let alpha = 0.002 * (1.0 - f64::from(epoch) / 10.0);
        let before = y.clone();
        for i in 0..n {
            for (j, w) in edges(i) {
                // Rates are below 1 by at least 2⁻³², so that the heaviest edges begin in the second epoch.
                let rate = f64::from(w).min(1.0 - 2f64.powi(-32));
                let due = (f64::from(epoch + 1) * rate) as u32 - (f64::from(epoch) * rate) as u32;
                let apart = [0, 1].map(|c| before[[i, c]] - before[[j as usize, c]]);
                let d2 = apart[0] * apart[0] + apart[1] * apart[1];
                if due == 1 && d2 > 0.0 {
                    let p = libm::pow(d2, 0.9);
                    let force = -2.0 * 1.6 * 0.9 * p / (d2 * (1.0 + 1.6 * p));
                    for c in 0..2 {
                        y[[i, c]] += 2.0 * alpha * (force * apart[c]).clamp(-4.0, 4.0);
                    }
                }
            }
        }
    }
    let moved = (&y - &start.mapv(f64::from)).mapv(|x| x * x).sum();
    let apart = (&y - &umap.points().unwrap().mapv(f64::from)).mapv(|x| x * x).sum();
    assert!(moved > 1e-3 && apart < 0.01 * moved, "{apart} of {moved}");
}

#[test]
fn repulsion_pushes_apart_and_fixed_vertices_stay() {
    let graph =
        Graph::new((0..200).map(|i: u32| vec![((i + 1) % 200, 1.0), ((i + 199) % 200, 1.0)]).collect()).unwrap();
    let start = Array2::from_shape_fn((200, 3), |(i, c)| ((i * 7 + c * 13) % 17) as f32 * 0.01);
    let layout = Layout { a: 1.6, b: 0.9, repulsion: 1.0, n_negatives: 5, n_epochs: 40, learning_rate: 1.0, seed: 1 };
    let mut umap = Umap::prepare(&graph, start.view(), 150, layout, &Device::Cpu).unwrap();
    assert_eq!(umap.advance(100).unwrap(), 40);
    let points = umap.points().unwrap();
    assert_eq!(points.slice(ndarray::s![150.., ..]), start.slice(ndarray::s![150.., ..]));
    let extent = points.iter().fold(0f32, |most, x| most.max(x.abs()));
    assert!(extent > 1.0 && extent < 1000.0, "{extent}");
}
