use super::*;

/// Three groups of rows, far apart in 5 features.
fn groups(n: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, 5), |(i, c)| {
        let noise = (i * 5 + c + 1).wrapping_mul(0x9e37_79b9) % 1000;
        (noise as f32 / 1000.0) + if c == i % 3 { 20.0 } else { 0.0 }
    })
}

fn embed(n: usize, params: &TsneParams) -> TsneEmbedding {
    tsne(groups(n).view(), params, &Device::Cpu, &Stop::new(), |_| ()).unwrap()
}

#[test]
fn groups_stay_apart_in_both_dimensions_from_both_starts() {
    for n_dims in [2, 3] {
        for start in [Start::Pca, Start::Random] {
            let params = TsneParams { n_dims, start, perplexity: Some(10.0), n_steps: 500, ..Default::default() };
            let met = embed(150, &params);
            assert_eq!(met.points.dim(), (150, n_dims));
            let sq = |i: usize, j: usize| (&met.points.row(i) - &met.points.row(j)).mapv(|x| x * x).sum();
            for i in 0..150 {
                let nearest = (0..150).filter(|&j| j != i).min_by(|&a, &b| sq(i, a).total_cmp(&sq(i, b))).unwrap();
                assert_eq!(nearest % 3, i % 3, "{n_dims} dims, {start:?}");
            }
        }
    }
}

#[test]
fn reports_come_in_order_and_end_with_the_result() {
    let mut heard = Vec::new();
    let params = TsneParams { n_steps: 320, perplexity: Some(5.0), ..Default::default() };
    let met =
        tsne(groups(90).view(), &params, &Device::Cpu, &Stop::new(), |p| heard.push((p.step, p.divergence))).unwrap();
    assert_eq!(heard.iter().map(|h| h.0).collect::<Vec<_>>(), [50, 100, 150, 200, 250, 300, 320]);
    assert_eq!(heard.last().unwrap().1, met.divergence);
    assert!(heard[5].1 < heard[3].1);
}

#[test]
fn seeds_decide() {
    let params = |seed| TsneParams { n_steps: 50, perplexity: Some(5.0), seed, ..Default::default() };
    assert_eq!(embed(60, &params(1)), embed(60, &params(1)));
    assert_ne!(embed(60, &params(1)).points, embed(60, &params(2)).points);
}

#[test]
fn what_cannot_be_embedded_is_refused_with_the_limit() {
    let refused = |n: usize, params: TsneParams| {
        tsne(groups(n).view(), &params, &Device::Cpu, &Stop::new(), |_| ()).unwrap_err().to_string()
    };
    assert!(refused(4, TsneParams::default()).contains("at least 5 rows"));
    assert!(refused(150, TsneParams { perplexity: Some(60.0), ..Default::default() }).contains("49.66"));
    assert!(refused(50, TsneParams { n_dims: 4, ..Default::default() }).contains("2 or 3"));
    assert!(refused(50, TsneParams { learning_rate: Some(-1.0), ..Default::default() }).contains("above 0"));
    assert!(refused(50, TsneParams { early_exaggeration: 0.5, ..Default::default() }).contains("at least 1"));
}

#[test]
fn a_stop_is_heeded() {
    let stop = Stop::new();
    let asked = stop.clone();
    let params = TsneParams { perplexity: Some(5.0), ..Default::default() };
    let met = tsne(groups(60).view(), &params, &Device::Cpu, &stop, |_| asked.request());
    assert!(matches!(met, Err(Error::Interrupted)));
}
