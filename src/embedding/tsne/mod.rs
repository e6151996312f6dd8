//! t-distributed stochastic neighbour embedding (van der Maaten and Hinton 2008).

mod descent;
mod gradient;

pub use descent::{Descent, Step};
pub use gradient::{Gradient, gradient};

#[cfg(test)]
mod tests;
