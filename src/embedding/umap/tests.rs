use super::*;

/// Three groups of rows in 5 features.
fn groups(n: usize, apart: f32) -> Array2<f32> {
    Array2::from_shape_fn((n, 5), |(i, c)| {
        let noise = (i * 5 + c + 1).wrapping_mul(0x9e37_79b9) % 1000;
        noise as f32 / 1000.0 + if c == i % 3 { apart } else { 0.0 }
    })
}

fn fit(rows: &Array2<f32>, params: &UmapParams) -> Umap {
    Umap::fit(rows.view(), params, &Device::Cpu, &Stop::new(), |_| ()).unwrap()
}

/// Rows whose nearest point is of another group.
fn strangers(points: ArrayView2<'_, f32>) -> usize {
    let sq = |i: usize, j: usize| (&points.row(i) - &points.row(j)).mapv(|x| x * x).sum();
    let n = points.nrows();
    let nearest = |i: usize| (0..n).filter(|&j| j != i).min_by(|&a, &b| sq(i, a).total_cmp(&sq(i, b))).unwrap();
    (0..n).filter(|&i| nearest(i) % 3 != i % 3).count()
}

#[test]
fn groups_stay_apart_in_both_dimensions_from_both_starts() {
    for n_dims in [2, 3] {
        for start in [Start::Spectral, Start::Pca] {
            let umap = fit(&groups(180, 20.0), &UmapParams { n_dims, start, ..Default::default() });
            assert_eq!(umap.points().dim(), (180, n_dims));
            assert!(strangers(umap.points()) <= 6, "{n_dims} {start:?}: {}", strangers(umap.points()));
            // A graph that falls into parts has no spectrum to start at.
            assert!(umap.started_at_pca());
        }
    }
}

#[test]
fn a_ring_stays_a_ring() {
    let rows = Array2::from_shape_fn((400, 4), |(i, c)| {
        // A polygon of 400 corners on the surface of a cube's equator: piecewise linear, so that no sine is needed.
        let t = i as f32 / 100.0;
        let wave = |t: f32| 1.0 - (t.rem_euclid(4.0) - 2.0).abs();
        [wave(t), wave(t + 1.0), 0.1 * wave(2.0 * t), 0.0][c]
    });
    for start in [Start::Spectral, Start::Pca] {
        let umap = fit(&rows, &UmapParams { start, ..Default::default() });
        assert_eq!(umap.started_at_pca(), start == Start::Pca);
        let kept = crate::embedding::quality::kept_neighbors(rows.view(), umap.points(), 10, &Stop::new()).unwrap();
        assert!(kept > 0.6, "{start:?}: {kept}");
    }
}

#[test]
fn new_rows_are_placed_among_their_own_and_the_fitted_ones_stay() {
    let all = groups(240, 20.0);
    let (old, new) = (all.slice(ndarray::s![..180, ..]).to_owned(), all.slice(ndarray::s![180.., ..]));
    let umap = fit(&old, &UmapParams::default());
    let before = umap.points().to_owned();
    let placed = umap.place(new, &Device::Cpu, &Stop::new()).unwrap();
    assert_eq!(umap.points(), before);
    let together = concatenate(Axis(0), &[before.view(), placed.view()]).unwrap();
    assert!(strangers(together.view()) <= 6, "{}", strangers(together.view()));
}

#[test]
fn threads_change_no_byte_and_seeds_decide() {
    let rows = groups(700, 1.2);
    let run = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let params = UmapParams { n_epochs: Some(30), seed, ..Default::default() };
        pool.install(|| fit(&rows, &params).points().to_owned())
    };
    for threads in [2, 3, 8] {
        assert_eq!(run(1, 5), run(threads, 5));
    }
    assert_ne!(run(1, 5), run(1, 6));
}

#[test]
fn the_curve_is_umap_learns() {
    let wanted = [
        (1.0, 0.1, 1.576_943_460_465_84, 0.895_060_877_963_999_7),
        (1.0, 0.0, 1.932_808_398_005_290_1, 0.790_494_973_695_876_5),
        (1.0, 0.5, 0.583_030_020_396_832_9, 1.334_166_992_635_270_6),
        (1.5, 0.25, 0.621_894_460_446_423_6, 0.966_823_341_613_296),
        (2.0, 0.1, 0.544_660_540_599_949_7, 0.842_055_426_250_577_9),
    ];
    for (spread, min_dist, a, b) in wanted {
        let met = fit_curve(min_dist, spread);
        assert!((met.0 - a).abs() < 1e-5 && (met.1 - b).abs() < 1e-5, "{spread} {min_dist}: {met:?}");
    }
}

/// Thousands of copies must neither pull a few points out of the map nor stand in one place of it.
#[test]
fn many_copies_do_not_explode() {
    let varied = groups(200, 20.0);
    let rows = Array2::from_shape_fn((4_000, 5), |(i, c)| if i < 3_800 { 0.5 } else { varied[[i - 3_800, c]] });
    let umap = fit(&rows, &UmapParams::default());
    let largest = umap.points().iter().fold(0f32, |most, x| most.max(x.abs()));
    assert!(largest < 100.0, "{largest}");
    let few = fit(&groups(8, 20.0), &UmapParams::default());
    assert_eq!((few.n_neighbors(), few.points().nrows()), (8, 8));
}

#[test]
fn what_cannot_be_embedded_is_refused_with_the_limit() {
    let refused = |n: usize, params: UmapParams| {
        Umap::fit(groups(n, 1.0).view(), &params, &Device::Cpu, &Stop::new(), |_| ()).unwrap_err().to_string()
    };
    let default = UmapParams::default;
    assert!(refused(4, default()).contains("at least 5 rows"));
    assert!(refused(10, UmapParams { n_neighbors: Some(15), ..default() }).contains("there are 10 rows"));
    assert!(refused(50, UmapParams { min_dist: 2.0, ..default() }).contains("between 0 and the spread, 1"));
    assert!(refused(50, UmapParams { n_dims: 1, ..default() }).contains("2 or 3"));
    assert!(refused(50, UmapParams { learning_rate: f64::NAN, ..default() }).contains("above 0"));
}
