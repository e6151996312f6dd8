//! A page in headless Chromium.
//!
//! `ODDFLOW_BROWSER=require|auto|off` says what a run demands; `auto` skips where there is none.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Texts that would act if they could.
pub const HOSTILE: [&str; 7] = [
    "</script><img src=x onerror=window.hacked=1>",
    "<b>bold</b> & \"quoted\"",
    "=cmd|' /C calc'!A0",
    "line\u{2028}separator, and\nnewline",
    "\u{202e}right to left",
    "nul\0byte",
    "plain",
];

/// Chromium, or `None` with a word where there is none and none is demanded.
pub fn browser() -> Option<PathBuf> {
    let demand = std::env::var("ODDFLOW_BROWSER").unwrap_or_else(|_| "auto".into());
    if demand == "off" {
        return None;
    }
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let found = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|p| p.exists());
    let browser = named.or(found);
    assert!(browser.is_some() || demand != "require", "no Chromium was found, and ODDFLOW_BROWSER demands one");
    if browser.is_none() {
        println!("skipped: no Chromium was found");
    }
    browser
}

/// Loads the page with `probe` at its end and gives back what that left in `window.found`.
pub fn probe(browser: &Path, page: &str, probe: &str, flags: &[&str]) -> serde_json::Value {
    // One at a time: each takes the cores that there are.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let watch = "<script>window.errors = []; const note = (e) => window.errors.push(String(e.message ?? e.reason ?? e.blockedURI)); \
                 addEventListener('error', note); addEventListener('unhandledrejection', note); \
                 addEventListener('securitypolicyviolation', note); console.error = (...e) => note({ message: e.join(' ') });</script>";
    let finish = "found.errors = window.errors; found.hacked = window.hacked ?? null; \
                  found.images = document.images.length; found.bold = document.querySelectorAll('b').length; \
                  found.requests = performance.getEntriesByType('resource').map((r) => r.name).filter((name) => !/^(blob|data):/.test(name)); \
                  const bytes = new TextEncoder().encode(JSON.stringify(found)); \
                  document.body.dataset.found = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');";
    let script = format!(
        "<script>(async () => {{ const found = {{}}; const wait = (ms) => new Promise((done) => setTimeout(done, ms));\n\
         try {{ {probe} }} catch (e) {{ window.errors.push(String(e.stack)); }}\n{finish} }})();</script>"
    );
    let page = page.replacen("<head>", &format!("<head>{watch}"), 1);
    let (before, behind) = page.rsplit_once("</body>").unwrap();
    let file = folder.path().join("page.html");
    std::fs::write(&file, format!("{before}{script}</body>{behind}")).unwrap();
    let profile = folder.path().join("profile");
    let load = || {
        let output = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,800"])
            .args(["--virtual-time-budget=60000", "--dump-dom"])
            .args(flags)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", file.display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = dom.split_once("data-found=\"").and_then(|(_, rest)| rest.split_once('"'));
        found.map(|(hex, _)| hex.to_owned()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // The browser's clock goes on while a busy machine keeps it waiting; what it could not finish in time it may try again.
    let hex =
        load().or_else(|_| load()).or_else(|_| load()).unwrap_or_else(|said| panic!("the page never finished: {said}"));
    let bytes: Vec<u8> = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    serde_json::from_slice(&bytes).unwrap()
}

/// No error, no request, no script, no markup of a log.
pub fn nothing_acted(found: &serde_json::Value) {
    assert_eq!(found["errors"], serde_json::json!([]), "{found}");
    assert_eq!(found["requests"], serde_json::json!([]));
    assert!(found["hacked"].is_null() && found["images"] == 0 && found["bold"] == 0, "{found}");
}
