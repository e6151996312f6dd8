//! Colours: told apart by eyes that see red and green alike, on white and on black.

use super::Theme;

/// Of categories, the most frequent first (Okabe & Ito 2008, without yellow and black, which a theme would swallow; then
/// lighter and darker ones between them).
pub const CATEGORIES: [&str; 10] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5195", "#8c564b", "#5f9e3a", "#b0479a"];
/// Of what is beyond the categories, and of missing values.
pub const OTHER: &str = "#8b95a1";
/// Of severities up to 0.3, up to 0.7, up to 0.9, and above.
pub const SEVERITIES: [&str; 4] = ["#8b95a1", "#56b4e9", "#e69f00", "#d55e00"];
/// Where one severity's colour ends and the next begins.
pub const SEVERITY_STEPS: [f64; 3] = [0.3, 0.7, 0.9];
/// Of numbers, from small to large (viridis, Smith & van der Walt 2015).
pub const RAMP: [&str; 9] =
    ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

/// What is not a point.
pub struct Ink {
    pub background: &'static str,
    pub text: &'static str,
    pub faint: &'static str,
}

impl Theme {
    pub(super) fn ink(self) -> Ink {
        match self {
            Self::Light => Ink { background: "#ffffff", text: "#1b2430", faint: "#5b6673" },
            Self::Dark => Ink { background: "#12161c", text: "#e8edf2", faint: "#9aa7b4" },
        }
    }
}

/// The ramp's colour at `share` in 0..=1.
pub fn ramp(share: f64) -> String {
    let at = share.clamp(0.0, 1.0) * (RAMP.len() - 1) as f64;
    let low = (at as usize).min(RAMP.len() - 2);
    let channel = |color: &str, c: usize| {
        color.get(1 + 2 * c..3 + 2 * c).and_then(|hex| u8::from_str_radix(hex, 16).ok()).map_or(0.0, f64::from)
    };
    let mixed = |c: usize| {
        let (a, b) = (channel(RAMP[low], c), channel(RAMP[low + 1], c));
        (a + (b - a) * (at - low as f64)).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", mixed(0), mixed(1), mixed(2))
}
