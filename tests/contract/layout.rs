//! Without a GPU: shaders are valid WGSL, keep to WebGPU's guaranteed limits, and say what the host says.

use naga::back::pipeline_constants::process_overrides;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ShaderStage, StorageAccess, TypeInner};
use oddflow::device::{Access, Kernel};
use oddflow::ops::neighbors::Tiling;
use oddflow::ops::rbf::Panel;
use oddflow::ops::tsne::DescentStep;
use oddflow::ops::umap::SubStep;
use oddflow::ops::{Dispatch, OPERATIONS, shaders};
use std::mem::offset_of;

fn kernels() -> impl Iterator<Item = &'static Kernel> {
    OPERATIONS.iter().flat_map(|operation| operation.kernels).copied()
}

fn parse(kernel: &Kernel) -> Module {
    let text = kernel.text();
    naga::front::wgsl::parse_str(&text).unwrap_or_else(|e| panic!("{}: {}", kernel.name, e.emit_to_string(&text)))
}

#[test]
fn every_shader_is_valid_with_every_set_of_constants() {
    for kernel in kernels() {
        let module = parse(kernel);
        // No capability beyond WebGPU's own, of which unpack2x16float is one: naga asks for it because old GL lacks it.
        let info = Validator::new(ValidationFlags::all(), Capabilities::SHADER_FLOAT16_IN_FLOAT32)
            .validate(&module)
            .unwrap_or_else(|e| panic!("{}: {}", kernel.name, e.emit_to_string(&kernel.text())));
        assert!(!kernel.constants.is_empty(), "{}", kernel.name);
        for constants in kernel.constants {
            let values = constants.iter().map(|(name, value)| (name.to_string(), *value)).collect();
            let (module, _) = process_overrides(&module, &info, Some((ShaderStage::Compute, "main")), &values)
                .unwrap_or_else(|e| panic!("{} {constants:?}: {e}", kernel.name));
            within_guaranteed_limits(kernel, &module, constants);
        }
    }
}

fn within_guaranteed_limits(kernel: &Kernel, module: &Module, constants: &[(&str, f64)]) {
    let entry = &module.entry_points[0];
    assert_eq!(module.entry_points.len(), 1, "{}", kernel.name);
    assert!(entry.workgroup_size.iter().product::<u32>() <= 256, "{}: {:?}", kernel.name, entry.workgroup_size);
    let bytes: u32 = module
        .global_variables
        .iter()
        .filter(|(_, variable)| variable.space == AddressSpace::WorkGroup)
        .map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()).next_multiple_of(16))
        .sum();
    assert!(bytes <= 16_384, "{} {constants:?}: {bytes} bytes of workgroup memory", kernel.name);
    let storage =
        module.global_variables.iter().filter(|(_, v)| matches!(v.space, AddressSpace::Storage { .. })).count();
    assert!(storage <= 8, "{}: {storage} storage buffers", kernel.name);
}

#[test]
fn bindings_are_what_the_host_declares() {
    for kernel in kernels() {
        let module = parse(kernel);
        let mut found: Vec<_> = module
            .global_variables
            .iter()
            .filter_map(|(_, variable)| {
                let place = variable.binding.as_ref()?;
                let access = match variable.space {
                    AddressSpace::Uniform => {
                        Access::Uniform(module.types[variable.ty].inner.size(module.to_ctx()).into())
                    }
                    AddressSpace::Storage { access } if access == StorageAccess::LOAD => Access::Read,
                    AddressSpace::Storage { access } if access == StorageAccess::LOAD | StorageAccess::STORE => {
                        Access::ReadWrite
                    }
                    other => panic!("{}: a binding in {other:?}", kernel.name),
                };
                Some((place.group, place.binding, variable.name.clone().unwrap_or_default(), access))
            })
            .collect();
        found.sort_by_key(|(group, binding, ..)| (*group, *binding));
        let declared: Vec<_> = (0..)
            .zip(kernel.groups)
            .flat_map(|(group, bindings)| {
                (0..).zip(*bindings).map(move |(binding, b)| (group, binding, b.name.to_string(), b.access))
            })
            .collect();
        assert_eq!(found, declared, "{}", kernel.name);
    }
}

#[test]
fn the_dispatch_struct_has_the_layout_of_the_shaders() {
    let host = [
        ("n_rows", offset_of!(Dispatch, n_rows)),
        ("n_features", offset_of!(Dispatch, n_features)),
        ("stride", offset_of!(Dispatch, stride)),
        ("first", offset_of!(Dispatch, first)),
        ("count", offset_of!(Dispatch, count)),
        ("accumulate", offset_of!(Dispatch, accumulate)),
    ];
    uniform_has_layout("path_length", "Dispatch", &host, size_of::<Dispatch>());
}

#[test]
fn the_tiling_struct_has_the_layout_of_the_shaders() {
    let host = [
        ("n_queries", offset_of!(Tiling, n_queries)),
        ("n_features", offset_of!(Tiling, n_features)),
        ("n_references", offset_of!(Tiling, n_references)),
        ("width_log2", offset_of!(Tiling, width_log2)),
        ("first", offset_of!(Tiling, first)),
        ("count", offset_of!(Tiling, count)),
        ("base", offset_of!(Tiling, base)),
        ("base_reference", offset_of!(Tiling, base_reference)),
        ("n_tiles", offset_of!(Tiling, n_tiles)),
        ("rank", offset_of!(Tiling, rank)),
        ("room", offset_of!(Tiling, room)),
        ("slope", offset_of!(Tiling, slope)),
        ("tiny", offset_of!(Tiling, tiny)),
    ];
    uniform_has_layout("neighbors", "Tiling", &host, size_of::<Tiling>());
}

#[test]
fn the_panel_struct_has_the_layout_of_the_shaders() {
    let host = [
        ("n_rows", offset_of!(Panel, n_rows)),
        ("n_features", offset_of!(Panel, n_features)),
        ("first_block", offset_of!(Panel, first_block)),
        ("first_row", offset_of!(Panel, first_row)),
        ("n_blocks", offset_of!(Panel, n_blocks)),
        ("span_blocks", offset_of!(Panel, span_blocks)),
        ("base", offset_of!(Panel, base)),
        ("slope", offset_of!(Panel, slope)),
    ];
    uniform_has_layout("rbf", "Panel", &host, size_of::<Panel>());
}

#[test]
fn the_step_struct_has_the_layout_of_the_shaders() {
    let host = [
        ("n_points", offset_of!(DescentStep, n_points)),
        ("first", offset_of!(DescentStep, first)),
        ("n_rows", offset_of!(DescentStep, n_rows)),
        ("part_tiles", offset_of!(DescentStep, part_tiles)),
        ("n_parts", offset_of!(DescentStep, n_parts)),
        ("learning_rate", offset_of!(DescentStep, learning_rate)),
        ("momentum", offset_of!(DescentStep, momentum)),
        ("exaggeration", offset_of!(DescentStep, exaggeration)),
    ];
    uniform_has_layout("tsne", "DescentStep", &host, size_of::<DescentStep>());
}

#[test]
fn the_sub_step_struct_has_the_layout_of_the_shaders() {
    let host = [
        ("first", offset_of!(SubStep, first)),
        ("n_vertices", offset_of!(SubStep, n_vertices)),
        ("first_repelling", offset_of!(SubStep, first_repelling)),
        ("n_repelling", offset_of!(SubStep, n_repelling)),
        ("n_negatives", offset_of!(SubStep, n_negatives)),
        ("epoch", offset_of!(SubStep, epoch)),
        ("salt", offset_of!(SubStep, salt)),
        ("most_events", offset_of!(SubStep, most_events)),
        ("rate", offset_of!(SubStep, rate)),
        ("a", offset_of!(SubStep, a)),
        ("b", offset_of!(SubStep, b)),
        ("repulsion", offset_of!(SubStep, repulsion)),
    ];
    uniform_has_layout("umap", "SubStep", &host, size_of::<SubStep>());
}

/// Each kernel of the operation declares `name` with these members of four bytes and nothing else.
fn uniform_has_layout(operation: &str, name: &str, host: &[(&str, usize)], bytes: usize) {
    let operation = OPERATIONS.iter().find(|o| o.name == operation).expect("an operation");
    for kernel in operation.kernels {
        let module = parse(kernel);
        let (_, ty) = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name)).expect(name);
        let TypeInner::Struct { members, span } = &ty.inner else { panic!("{}: {name} is no struct", kernel.name) };
        let found: Vec<_> =
            members.iter().map(|m| (m.name.as_deref().unwrap_or_default(), m.offset as usize)).collect();
        assert_eq!(found, host, "{}", kernel.name);
        assert!(members.iter().all(|m| module.types[m.ty].inner.size(module.to_ctx()) == 4), "{}", kernel.name);
        assert_eq!(*span as usize, bytes, "{}", kernel.name);
    }
}

/// Path lengths are exact because no kernel has a float.
#[test]
fn path_length_kernels_have_no_floats() {
    for kernel in kernels().filter(|kernel| kernel.name.starts_with("path_length")) {
        let module = parse(kernel);
        let floats = module.types.iter().filter(|(_, ty)| ty.inner.scalar_kind() == Some(naga::ScalarKind::Float));
        assert_eq!(floats.count(), 0, "{}", kernel.name);
        assert!(!kernel.text().contains("bitcast"), "{}", kernel.name);
    }
}

#[test]
fn shaders_are_named_once_and_end_in_their_entry_point() {
    let shaders = shaders();
    let names: std::collections::BTreeSet<_> = shaders.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), shaders.len());
    assert!(shaders.iter().all(|(_, text)| text.matches("fn main(").count() == 1));
}
