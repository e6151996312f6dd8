#!/bin/sh
# All checks and tests, as CI runs them: format, lints, documentation, unit and integration tests, the GPU bodies on
# whatever adapter there is, and the page of an embedding in headless Chromium. Where the machine has no Vulkan driver, a
# software one (Mesa's lavapipe) is installed, and Chromium where there is none.
set -eu
cd "$(dirname "$0")/.."

# The compiler's allocator and the linker's ask for huge pages where nobody said otherwise: on virtual machines, where a
# TLB miss is dear, a cold build takes a fraction of the time.
export MALLOC_CONF="${MALLOC_CONF:-thp:always}" GLIBC_TUNABLES="${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}"

say() { printf '\n== %s\n' "$*"; }

have_vulkan_driver() {
    ls /usr/share/vulkan/icd.d/lvp_icd*.json /usr/share/vulkan/icd.d/nvidia_icd*.json /etc/vulkan/icd.d/*.json 2>/dev/null |
        grep -q . || [ -n "${VK_ICD_FILENAMES:-}${VK_DRIVER_FILES:-}" ] || [ "$(uname)" = Darwin ]
}

install_software_driver() {
    root=""
    [ "$(id -u)" = 0 ] || root=sudo
    if command -v apt-get >/dev/null; then
        $root apt-get update -qq
        # A backport of Mesa runs compute kernels several times faster; take it where apt offers one.
        release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
        from=""
        apt-cache policy mesa-vulkan-drivers | grep -q "bpo" && from="-t $release-backports"
        # shellcheck disable=SC2086 # an empty choice must vanish
        DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq $from mesa-vulkan-drivers libvulkan1 >/dev/null
    elif command -v dnf >/dev/null; then
        $root dnf install -y -q mesa-vulkan-drivers vulkan-loader
    elif command -v pacman >/dev/null; then
        $root pacman -S --noconfirm --needed vulkan-swrast vulkan-icd-loader
    else
        echo "No Vulkan driver was found and no package manager is known here: install Mesa's lavapipe, or set" >&2
        echo "ODDFLOW_GPU=auto to run without the GPU tests." >&2
        exit 1
    fi
}

if [ "${ODDFLOW_GPU:=require}" = require ] && ! have_vulkan_driver; then
    say "installing a software Vulkan driver"
    install_software_driver
fi
export ODDFLOW_GPU

have_browser() {
    [ -n "${CHROMIUM:-}" ] && return
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return
    done
    return 1
}

install_browser() {
    root=""
    [ "$(id -u)" = 0 ] || root=sudo
    if command -v apt-get >/dev/null; then
        $root apt-get update -qq
        DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends chromium >/dev/null
    elif command -v dnf >/dev/null; then
        $root dnf install -y -q chromium
    elif command -v pacman >/dev/null; then
        $root pacman -S --noconfirm --needed chromium
    fi
    have_browser || {
        echo "No Chromium was found and none could be installed: install it, set CHROMIUM to where it is, or set" >&2
        echo "ODDFLOW_BROWSER=auto to run without the tests of the page." >&2
        exit 1
    }
}

if [ "${ODDFLOW_BROWSER:=require}" = require ] && ! have_browser; then
    say "installing a browser for the tests of the page"
    install_browser
fi
export ODDFLOW_BROWSER

say "format"
cargo fmt --all --check
say "lints"
cargo clippy --locked --all-targets -- -D warnings
say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet
say "tests (GPU: $ODDFLOW_GPU)"
cargo test --locked --release --all-targets
cargo test --locked --release --doc
