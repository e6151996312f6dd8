//! The `oddflow` program: everything it does is in the library.

use std::env;

fn main() -> std::process::ExitCode {
    leave_out_device_select();
    oddflow::cli::main()
}

/// Mesa's device-select layer for Vulkan asks the compositor for its GPU, and libwayland writes errors to stderr, amid the program's lines,
/// where there is no session to find one in: containers, cron, sudo. The program picks its adapter itself.
fn leave_out_device_select() {
    const SWITCH: &str = "NODEVICE_SELECT";
    let asked_for =
        ["XDG_RUNTIME_DIR", "MESA_VK_DEVICE_SELECT", SWITCH].into_iter().any(|name| env::var_os(name).is_some());
    if !asked_for {
        // SAFETY: no other thread has begun. The layer is C and reads nothing but the environment.
        unsafe { env::set_var(SWITCH, "1") };
    }
}
