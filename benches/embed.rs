//! Embeddings of rows in a .npy file: `METHOD=tsne|umap cargo bench --bench embed -- ROWS.npy [THREADS] [REPEATS]` prints one JSON
//! line of times, and what the embedding keeps; `DIMS=3` embeds in three dimensions, `SEED=1` with another seed, `EPOCHS=500` UMAP for longer, `OUT=FILE.npy`
//! keeps the points. `METHOD=steps` times a step of t-SNE by every way of computing repulsion, where a whole run ends.

mod timing;

use ndarray::Array2;
use oddflow::Stop;
use oddflow::device::Device;
use oddflow::embedding::quality::kept_neighbors;
use oddflow::embedding::tsne::{TsneParams, affinities, tsne};
use oddflow::embedding::umap::{Umap, UmapParams};
use oddflow::ops::tsne::{Repulsion, Step, Tsne};
use std::cell::RefCell;
use std::time::Instant;

fn main() -> Result<(), timing::Failure> {
    let Some(arguments) = timing::arguments(1)? else {
        println!("usage: METHOD=tsne|umap|steps cargo bench --bench embed -- ROWS.npy [THREADS] [REPEATS]");
        return Ok(());
    };
    let rows = &arguments.matrices[0];
    rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build_global()?;
    let method = std::env::var("METHOD").unwrap_or_else(|_| "tsne".into());
    if method == "steps" {
        return steps(rows);
    }
    let number = |name: &str, default: u64| std::env::var(name).map_or(Ok(default), |text| text.parse());
    let (n_dims, seed) = (number("DIMS", 2)? as usize, number("SEED", 0)?);
    let embedded = RefCell::new(None);
    timing::timed(&format!("{method} in {n_dims} dimensions, seed {seed}"), rows, arguments.repeats, &|| {
        *embedded.borrow_mut() = Some(embed(&method, rows, n_dims, seed)?);
        Ok(())
    })?;
    if let Some((points, divergence)) = embedded.take() {
        let kept = kept_neighbors(rows.view(), points.view(), 15, &Stop::new())?;
        timing::say(&serde_json::json!({ "divergence": divergence, "kept_neighbors": kept }).to_string())?;
        if let Ok(out) = std::env::var("OUT") {
            ndarray_npy::write_npy(out, &points)?;
        }
    }
    Ok(())
}

fn embed(method: &str, rows: &Array2<f32>, n_dims: usize, seed: u64) -> oddflow::Result<(Array2<f32>, Option<f64>)> {
    let stop = Stop::new();
    if method == "umap" {
        let n_epochs = std::env::var("EPOCHS").ok().and_then(|text| text.parse().ok());
        let params = UmapParams { n_dims, seed, n_epochs, ..Default::default() };
        let met = Umap::fit(rows.view(), &params, &Device::Cpu, &stop, |_| ())?;
        return Ok((met.points().to_owned(), None));
    }
    let params = TsneParams { n_dims, seed, ..Default::default() };
    let met = tsne(rows.view(), &params, &Device::Cpu, &stop, |_| ())?;
    Ok((met.points, Some(met.divergence)))
}

fn steps(rows: &Array2<f32>) -> Result<(), timing::Failure> {
    let stop = Stop::new();
    for n_dims in [2, 3] {
        let params = TsneParams { n_dims, ..Default::default() };
        let near = affinities(rows.view(), params.perplexity_for(rows.nrows())?, &Device::Cpu, &stop)?;
        let points = tsne(rows.view(), &params, &Device::Cpu, &stop, |_| ())?.points.mapv(f64::from);
        for repulsion in [Repulsion::Exact, Repulsion::Tree, Repulsion::Mesh] {
            let without = (repulsion == Repulsion::Mesh && n_dims == 3)
                || (repulsion == Repulsion::Exact && rows.nrows() > 60_000);
            if without {
                continue;
            }
            let mut op = Tsne::prepare(near.clone(), points.view(), &Device::Cpu, repulsion)?;
            let begin = Instant::now();
            // So short that the points stay where they are.
            op.advance(10, Step { learning_rate: 1e-12, momentum: 0.0, exaggeration: 1.0 })?;
            let each = begin.elapsed().as_secs_f64() * 100.0;
            timing::say(&format!("{n_dims} dimensions, {} rows, {repulsion:?}: {each:.3} ms a step", rows.nrows()))?;
        }
    }
    Ok(())
}
