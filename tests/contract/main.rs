//! The contract test: every operation, on every device present.
//!
//! 1. `layout`: without a GPU, what the host declares is what the shaders say.
//! 2. `agreement`: on each device, seeded cases of awkward shapes and values against an oracle that shares no code with
//!    either body; outputs poisoned before and fenced; with WebGPU's default limits and with small bindings.
//! 3. `harness`: the comparison itself notices a dropped term, a shifted row, an unwritten output.
//! 4. `mutations`, run by `wrong_kernels`: wrong kernels are noticed, and those that cannot be are named with the reason.
//! 5. `resources`: after warm-up a batch creates nothing, maps once, and does not wait for the one before; a lost device is
//!    an error.
//!
//! `ODDFLOW_GPU=require|auto|off` says what a run demands: `auto` (the default) prints what did not run and why, `require`
//! fails where there is no adapter.

mod agreement;
mod cases;
mod devices;
mod harness;
mod layout;
mod mutations;
mod neighbors;
mod neighbors_cases;
mod neighbors_lists;
mod neighbors_mutations;
mod oracle;
mod rbf;
mod rbf_cases;
mod rbf_mutations;
mod rbf_products;
mod resources;
mod tsne;
mod tsne_cases;
mod tsne_mutations;
mod umap;
mod umap_cases;
mod umap_mutations;
mod wrong_kernels;
