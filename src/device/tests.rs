use super::*;

fn report(index: usize, name: &str, kind: AdapterKind, api: &str) -> AdapterReport {
    AdapterReport {
        index,
        name: name.into(),
        kind,
        api: api.into(),
        driver: "Test 1.2".into(),
        pci_id: (1, name.len() as u32),
        limits: AdapterLimits {
            storage_binding_bytes: 128 << 20,
            buffer_bytes: 1 << 30,
            workgroup_bytes: 32 << 10,
            workgroup_lanes: 1024,
            workgroups: 65_535,
            storage_buffers: 8,
            subgroup_lanes: (32, 32),
        },
        compute: true,
        timestamps: true,
    }
}

fn pick(choice: &str, adapters: &[AdapterReport]) -> Result<Option<usize>, String> {
    let choice: DeviceChoice = choice.parse().expect("a choice");
    choice.pick(adapters).map(|a| a.map(|a| a.index)).map_err(|e| e.to_string())
}

#[test]
fn choices_are_read_as_they_are_written() {
    for (text, choice) in [
        ("auto", DeviceChoice::Auto),
        (" CPU ", DeviceChoice::Cpu),
        ("gpu", DeviceChoice::Gpu),
        ("12", DeviceChoice::Index(12)),
        ("RTX", DeviceChoice::Name("RTX".into())),
        ("-1", DeviceChoice::Name("-1".into())),
    ] {
        assert_eq!(text.parse::<DeviceChoice>().expect(text), choice);
        assert_eq!(choice.to_string().parse::<DeviceChoice>().expect(text), choice);
    }
    assert!("".parse::<DeviceChoice>().is_err());
}

#[test]
fn auto_never_takes_software_and_gpu_does() {
    let hardware = [
        report(0, "Big One", AdapterKind::Discrete, "Vulkan"),
        report(1, "Small One", AdapterKind::Integrated, "Vulkan"),
        report(2, "llvmpipe", AdapterKind::Software, "Vulkan"),
    ];
    let software = &hardware[2..];
    assert_eq!(pick("auto", &hardware), Ok(Some(0)));
    assert_eq!(pick("gpu", &hardware), Ok(Some(0)));
    assert_eq!(pick("auto", software), Ok(None));
    assert_eq!(pick("gpu", software), Ok(Some(2)));
    assert_eq!(pick("auto", &[]), Ok(None));
    assert_eq!(pick("cpu", &hardware), Ok(None));
    assert!(pick("gpu", &[]).expect_err("none").contains("no GPU"));
}

#[test]
fn auto_passes_over_what_is_too_small() {
    let mut old = report(0, "Old One", AdapterKind::Discrete, "Vulkan");
    old.limits.storage_buffers = 4;
    let small = report(1, "Small One", AdapterKind::Integrated, "Vulkan");
    assert!(old.shortfall().expect("too small").contains("4 storage buffers is below WebGPU's 8"));
    assert!(report(0, "Older", AdapterKind::Discrete, "GL").shortfall().expect("GL").contains("install its Vulkan"));
    let adapters = [old, small];
    assert_eq!(pick("auto", &adapters), Ok(Some(1)));
    assert_eq!(pick("gpu", &adapters), Ok(Some(1)));
    assert_eq!(
        pick("0", &adapters),
        Ok(Some(0)),
        "what was asked for by number is not replaced; opening it says why not"
    );
}

#[test]
fn names_match_in_any_case_and_must_mean_one_gpu() {
    let adapters = [
        report(0, "NVIDIA GeForce RTX 4070", AdapterKind::Discrete, "Vulkan"),
        report(1, "NVIDIA GeForce RTX 4070", AdapterKind::Discrete, "DX12"),
        report(2, "Intel Arc", AdapterKind::Integrated, "Vulkan"),
        report(3, "llvmpipe", AdapterKind::Software, "Vulkan"),
    ];
    assert_eq!(pick("rtx", &adapters), Ok(Some(0)), "one GPU behind two APIs");
    assert_eq!(pick("ARC", &adapters), Ok(Some(2)));
    let ambiguous = pick("n", &adapters).expect_err("several");
    assert!(
        ambiguous.contains("several adapters match") && ambiguous.contains("2  Intel Arc (Vulkan, Test 1.2)"),
        "{ambiguous}"
    );
    let unknown = pick("radeon", &adapters).expect_err("none");
    assert!(
        unknown.contains("device is radeon") && unknown.contains("3  llvmpipe (Vulkan, software, Test 1.2)"),
        "{unknown}"
    );
    assert!(pick("9", &adapters).expect_err("none").contains("no such adapter"));
}

#[test]
fn the_cpu_describes_itself() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    let described = pool.install(|| Device::Cpu.describe());
    assert!(described.starts_with("cpu (") && described.ends_with(", 2 threads)"), "{described}");
    assert_eq!(Device::Cpu.name(), "cpu");
    assert!(!Device::Cpu.is_software());
}

#[test]
fn adapters_are_numbered_in_order_hardware_first() {
    let found = adapters();
    for (i, adapter) in found.iter().enumerate() {
        println!("{i}  {}", adapter.describe());
        assert_eq!(adapter.index, i);
    }
    assert!(found.is_sorted_by_key(|adapter| adapter.kind));
    assert_eq!(found, adapters());
}
