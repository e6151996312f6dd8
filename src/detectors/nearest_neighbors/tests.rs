use super::super::Detector;
use super::*;
use ndarray::{Array2, array};

fn params(n_neighbors: usize, distance: KnnDistance) -> NearestNeighborsParams {
    NearestNeighborsParams { n_neighbors, distance }
}

fn training(rows: &Array2<f32>, n_neighbors: usize, distance: KnnDistance) -> Vec<f64> {
    let detector = NearestNeighbors::fit(rows.view(), &params(n_neighbors, distance)).unwrap();
    detector.training_scores().unwrap().to_vec()
}

/// Places on a line: the distances of the first are 1, 3, 7, 8.
fn line() -> Array2<f32> {
    array![[0.0], [1.0], [3.0], [7.0], [8.0]]
}

#[test]
fn each_distance_is_what_it_says() {
    let rows = line();
    assert_eq!(training(&rows, 3, KnnDistance::Largest), [7.0, 6.0, 4.0, 6.0, 7.0]);
    assert_eq!(training(&rows, 3, KnnDistance::Median), [3.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(training(&rows, 4, KnnDistance::Median), [5.0, 4.0, 3.5, 5.0, 6.0]);
    assert_eq!(training(&rows, 4, KnnDistance::Mean), [19.0 / 4.0, 16.0 / 4.0, 14.0 / 4.0, 18.0 / 4.0, 21.0 / 4.0]);
    for distance in [KnnDistance::Largest, KnnDistance::Mean, KnnDistance::Median] {
        assert_eq!(training(&rows, 1, distance), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(distance.to_string().parse::<KnnDistance>().unwrap(), distance);
    }
    assert!("mode".parse::<KnnDistance>().unwrap_err().to_string().contains("largest, mean or median"));
}

#[test]
fn novelty_finds_itself_unless_it_is_left_out() {
    let rows = line();
    let detector: Detector = NearestNeighbors::fit(rows.view(), &params(2, KnnDistance::Largest)).unwrap().into();
    let scorer = detector.scorer(&Device::Cpu, 8).unwrap();
    assert_eq!(scorer.score(rows.view()).unwrap(), [1.0, 1.0, 2.0, 1.0, 1.0]);
    let own: Vec<Option<u32>> = (0..5).map(Some).collect();
    assert_eq!(scorer.score_excluding(rows.view(), &own).unwrap(), detector.known_scores().unwrap());
    assert_eq!(scorer.score(array![[10.0f32]].view()).unwrap(), [3.0]);
    assert!(scorer.score(array![[10.0f32, 1.0]].view()).unwrap_err().to_string().contains("this model takes 1"));
    assert!(scorer.score(array![[f32::INFINITY]].view()).is_err());
    assert_eq!(scorer.score(Array2::zeros((0, 1)).view()).unwrap(), [0.0; 0]);
    assert!(scorer.settled().is_some());
}

#[test]
fn there_are_no_more_neighbours_than_other_rows() {
    let detector = NearestNeighbors::fit(line().view(), &params(99, KnnDistance::Largest)).unwrap();
    assert_eq!((detector.n_neighbors(), detector.params().n_neighbors), (4, 99));
    assert_eq!(detector.training_scores().unwrap(), [8.0, 7.0, 5.0, 7.0, 8.0]);
    let message = |rows: Array2<f32>, k| {
        NearestNeighbors::fit(rows.view(), &params(k, KnnDistance::Mean)).unwrap_err().to_string()
    };
    assert!(message(line(), 0).contains("n_neighbors is 0"));
    assert!(message(array![[1.0]], 5).contains("at least two"));
    let loaded = NearestNeighbors::from_parts(line().view(), params(3, KnnDistance::Mean)).unwrap();
    assert!(loaded.training_scores().is_none() && loaded.settled_at_fit().is_none());
}
