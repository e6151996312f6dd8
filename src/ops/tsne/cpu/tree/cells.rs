//! Cells: a quadtree or octree over points in the order of the curve.

use super::super::pairs::Mass;
use super::order::{DEPTH, Order};

/// Points that a cell may hold without being divided.
const LEAF: usize = 8;

/// One cell, in front of those in it.
#[derive(Debug, Clone, Copy)]
struct Cell<const D: usize> {
    /// The mean of its points, and how many they are.
    mass: Mass<D, f32>,
    /// Its side, squared.
    sq_side: f32,
    /// The next cell that is not in it.
    next: u32,
    /// Its points, where it is not divided; else none.
    points: (u32, u32),
}

/// The tree, depth first.
#[derive(Debug, Default)]
pub struct Cells<const D: usize> {
    cells: Vec<Cell<D>>,
}

impl<const D: usize> Cells<D> {
    /// Over all points.
    pub fn build(&mut self, order: &Order<D>) {
        self.cells.clear();
        self.divide(order, 0, order.places.len(), 0);
    }

    /// The cell of these points, `depth` halvings down; the sum of their places.
    fn divide(&mut self, order: &Order<D>, begin: usize, end: usize, depth: u32) -> [f64; D] {
        let side = order.side / (1u64 << depth) as f32;
        let at = self.cells.len();
        let empty = Mass { place: [0.0; D], count: (end - begin) as f32 };
        self.cells.push(Cell { mass: empty, sq_side: side * side, next: 0, points: (0, 0) });
        let mut sum = [0f64; D];
        if end - begin <= LEAF || depth == DEPTH {
            self.cells[at].points = (begin as u32, end as u32);
            for place in &order.places[begin..end] {
                (0..D).for_each(|c| sum[c] += f64::from(place[c]));
            }
        } else {
            let shift = (DEPTH - 1 - depth) * D as u32;
            let mut from = begin;
            while from < end {
                let own = order.codes[from] >> shift;
                let to = from + order.codes[from..end].partition_point(|code| code >> shift == own);
                let part = self.divide(order, from, to, depth + 1);
                (0..D).for_each(|c| sum[c] += part[c]);
                from = to;
            }
        }
        let next = self.cells.len() as u32;
        let cell = &mut self.cells[at];
        cell.mass.place = sum.map(|sum| (sum / (end - begin) as f64) as f32);
        cell.next = next;
        sum
    }

    /// What repels `targets`: far cells as one mass, points of near ones one by one.
    pub fn seen_from(&self, targets: &[[f32; D]], places: &[[f32; D]], angle: f32, list: &mut Vec<Mass<D, f32>>) {
        list.clear();
        let start = ([f32::INFINITY; D], [f32::NEG_INFINITY; D]);
        let (low, high) = targets.iter().fold(start, |(low, high), point| {
            (std::array::from_fn(|c| low[c].min(point[c])), std::array::from_fn(|c| high[c].max(point[c])))
        });
        let sq_angle = angle * angle;
        let mut at = 0;
        while let Some(cell) = self.cells.get(at) {
            let beyond = |c: usize| (low[c] - cell.mass.place[c]).max(cell.mass.place[c] - high[c]).max(0.0);
            let sq_dist: f32 = (0..D).map(|c| beyond(c) * beyond(c)).sum();
            if cell.sq_side < sq_angle * sq_dist {
                list.push(cell.mass);
            } else if cell.points.1 > 0 {
                let near = &places[cell.points.0 as usize..cell.points.1 as usize];
                list.extend(near.iter().map(|&place| Mass { place, count: 1.0 }));
            } else {
                at += 1;
                continue;
            }
            at = cell.next as usize;
        }
    }
}
