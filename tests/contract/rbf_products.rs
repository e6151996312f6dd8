//! `rbf` for training: products with the kernel matrix of all rows, on the CPU and on every GPU.

use super::devices::{open, present, small_bindings};
use super::rbf_cases::{Case, POISONS, Values, compare, kernel, sums, within};
use ndarray::{Array2, Axis};
use oddflow::device::{Device, GpuOptions};
use oddflow::ops::rbf::{ProductsGpu, TrainingRows, error_bound};
use std::time::Duration;

/// Training rows, chosen ones with their coefficients, and what must come out.
struct Products {
    rows: Array2<f32>,
    gamma: f64,
    chosen: Vec<u32>,
    weights: Vec<f64>,
    expected: Vec<f64>,
    bound: f64,
}

impl Products {
    /// Chosen rows in no order, some more than once where they are more than the rows.
    fn new(values: Values, n_features: usize, n_rows: usize, n_chosen: usize) -> Self {
        let case = Case::new(values, n_features, n_rows, 0);
        let rows = case.expansion.vectors().to_owned();
        let gamma = case.expansion.gamma();
        let chosen: Vec<u32> = (0..n_chosen).map(|i| (i * 7919 % n_rows) as u32).collect();
        let weights: Vec<f64> = (0..n_chosen).map(|i| ((i % 13) as f64 - 5.0) / 8.0).collect();
        let places: Vec<usize> = chosen.iter().map(|&i| i as usize).collect();
        let expected = sums(rows.select(Axis(0), &places).view(), &weights, gamma, rows.view());
        let absolute: f64 = weights.iter().map(|weight| weight.abs()).sum();
        let bound = error_bound(n_features) * absolute + 1e-12;
        Self { rows, gamma, chosen, weights, expected, bound }
    }

    fn check(&self, op: &ProductsGpu) -> Result<(), String> {
        POISONS.into_iter().try_for_each(|poison| {
            let found = op.poisoned_products(&self.chosen, &self.weights, poison).map_err(|e| e.to_string())?;
            compare(&self.expected, &found, self.bound, poison)
        })
    }

    fn everywhere(&self) {
        let what = format!("{} of {} rows of {}", self.chosen.len(), self.rows.nrows(), self.rows.ncols());
        let mut devices = vec![Device::Cpu];
        for adapter in present() {
            let zero = Some(Duration::ZERO);
            let tiny = GpuOptions { max_binding_bytes: Some(1 << 18), dispatch_time: zero, ..GpuOptions::default() };
            for options in [GpuOptions::default(), small_bindings(), tiny] {
                let gpu = open(adapter, &options);
                let op = ProductsGpu::prepare(self.rows.view(), self.gamma, &gpu).expect("prepared");
                self.check(&op).unwrap_or_else(|e| panic!("{what} on {}: {e}", gpu.report().describe()));
                devices.push(Device::Gpu(gpu));
            }
        }
        for device in devices {
            let mut op = TrainingRows::prepare(self.rows.view(), self.gamma, &device, 1 << 20).expect("prepared");
            assert_eq!(op.n_rows(), self.rows.nrows());
            // Added to what is there; twice, so that what was kept of the first is used.
            let mut sums = vec![1000.0; self.rows.nrows()];
            op.add_products(&self.chosen, &self.weights, &mut sums).expect("added");
            op.add_products(&self.chosen, &self.weights, &mut sums).expect("added");
            let sums: Vec<f64> = sums.into_iter().map(|sum| (sum - 1000.0) / 2.0).collect();
            within(&self.expected, &sums, self.bound).unwrap_or_else(|e| panic!("{what}, {}: {e}", device.describe()));
            let exact = op.exact_products(&self.chosen, &self.weights);
            within(&self.expected, &exact, self.bound * 1e-6).unwrap_or_else(|e| panic!("{what}, in f64: {e}"));
        }
    }
}

#[test]
fn products_of_any_shape() {
    Products::new(Values::Skewed, 1, 1, 1).everywhere();
    Products::new(Values::Skewed, 8, 65, 0).everywhere();
    Products::new(Values::Skewed, 8, 1_009, 513).everywhere();
    Products::new(Values::Ramp, 3, 700, 699).everywhere();
    Products::new(Values::Equal, 8, 130, 65).everywhere();
}

/// Several bindings of rows and pieces of the chosen.
#[test]
fn products_over_several_bindings_and_pieces() {
    let products = Products::new(Values::Skewed, 100, 2_003, 700);
    for adapter in present() {
        let options = GpuOptions { max_binding_bytes: Some(1 << 18), ..GpuOptions::default() };
        let op = ProductsGpu::prepare(products.rows.view(), products.gamma, &open(adapter, &options)).expect("ready");
        assert!(op.n_bindings() >= 3, "{} bindings", op.n_bindings());
    }
    products.everywhere();
    Products::new(Values::Skewed, 2, 301, 2_500).everywhere();
}

/// More rows of a binding than a batch takes.
#[test]
fn products_past_the_largest_batch() {
    let rows = Array2::from_shape_fn((300_001, 1), |(row, _)| (row % 3) as f32);
    let due = |row: usize| {
        let value = |chosen: usize| kernel(rows.row(row), rows.row(chosen), 1.0);
        2.0 * value(100_000) - value(299_999)
    };
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions::default());
        let mut op = TrainingRows::prepare(rows.view(), 1.0, &Device::Gpu(gpu), 0).expect("prepared");
        let mut sums = vec![0.0; rows.nrows()];
        op.add_products(&[100_000, 299_999], &[2.0, -1.0], &mut sums).expect("added");
        assert_eq!(op.gpu().expect("a GPU").timings().batches, 2);
        let wrong = (0..rows.nrows()).find(|&row| (sums[row] - due(row)).abs() > 1e-5);
        assert_eq!(wrong, None, "{:?}", wrong.map(|row| (sums[row], due(row))));
    }
}

/// The same bits however the work is cut, and blocks that are symmetric to the bit.
#[test]
fn products_are_the_same_bits_and_blocks_symmetric() {
    let products = Products::new(Values::Skewed, 9, 1_009, 600);
    for adapter in present() {
        let zero = Some(Duration::ZERO);
        let cut = GpuOptions { max_binding_bytes: Some(1 << 16), dispatch_time: zero, ..GpuOptions::default() };
        let [whole, cut] = [GpuOptions::default(), cut].map(|options| {
            let device = Device::Gpu(open(adapter, &options));
            let mut op = TrainingRows::prepare(products.rows.view(), products.gamma, &device, 0).expect("prepared");
            let mut sums = vec![0.0; 1_009];
            op.add_products(&products.chosen, &products.weights, &mut sums).expect("added");
            let block = op.block(&products.chosen[..67]);
            for ((i, j), value) in block.indexed_iter() {
                let [a, b] = [i, j].map(|i| products.rows.row(products.chosen[i] as usize));
                assert!((f64::from(*value) - kernel(a, b, products.gamma)).abs() <= error_bound(9));
                assert_eq!(value.to_bits(), block[(j, i)].to_bits());
            }
            sums
        });
        assert!(whole == cut);
    }
}

fn refused(device: &Device, products: &Products, with: &str) {
    let mut op = TrainingRows::prepare(products.rows.view(), products.gamma, device, 0).expect("prepared");
    assert_eq!(op.add_products(&[3, 10], &[1.0, 1.0], &mut [0.0; 10]).expect_err("no row 10").to_string(), with);
}

#[test]
fn rows_that_do_not_exist_are_an_error() {
    let products = Products::new(Values::Skewed, 2, 10, 3);
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions::default());
        let op = ProductsGpu::prepare(products.rows.view(), products.gamma, &gpu).expect("prepared");
        let message = op.add_products(&[3, 10], &[1.0, 1.0], &mut [0.0; 10]).expect_err("no row 10").to_string();
        assert!(message.contains("chosen row is 10") && message.contains("10 rows"), "{message}");
        products.check(&op).expect("the device goes on");
        refused(&Device::Gpu(gpu), &products, &message);
    }
    refused(&Device::Cpu, &products, "chosen row is 10; it must be one of 10 rows, numbered from 0");
}
