//! The page: one file that needs nothing else, not even a network.

use super::Scatter;
use super::columns::Column;
use super::palette::{CATEGORIES, OTHER, RAMP, SEVERITIES, SEVERITY_STEPS};
use super::template::{escaped, fill, inert};
use crate::{Error, Result};
use std::io::Write;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = concat!(include_str!("page/base.css"), include_str!("page/page.css"));
const SCRIPT: &str = include_str!("page/page.js");
/// plotly.js 3.7.0 (MIT), its bundles for points in two and in three dimensions: the charting library of the page.
/// sha256 of the unpacked files: d396c0d59e2844a167dc4aca8469fe1653060cb105f4d7cbd47b3c7788b1e750 and
/// fa6ebaf365ea5ad46a9843ea98fb2635c998558b9d876578aa12f765f823cc3d.
const PLOTLY_2D: &[u8] = include_bytes!("page/plotly-gl2d.min.js.zst");
const PLOTLY_3D: &[u8] = include_bytes!("page/plotly-gl3d.min.js.zst");

pub(super) fn write(scatter: &Scatter<'_>, out: &mut dyn Write) -> Result<()> {
    let plotly = if scatter.points.ncols() == 2 { PLOTLY_2D } else { PLOTLY_3D };
    let plotly = zstd::decode_all(plotly).map_err(|e| Error::Internal(format!("the charting library: {e}")))?;
    let plotly = String::from_utf8(plotly).map_err(|e| Error::Internal(format!("the charting library: {e}")))?;
    let data = data(scatter)?;
    let title = escaped(scatter.title);
    let parts = [("TITLE", title.as_str()), ("STYLE", STYLE), ("DATA", &data), ("PLOTLY", &plotly), ("SCRIPT", SCRIPT)];
    fill(PAGE, &parts, out)
}

/// All that the page knows, as JSON that cannot end the element it stands in.
fn data(scatter: &Scatter<'_>) -> Result<String> {
    let schema = scatter.table.schema_ref();
    let columns: Vec<String> =
        scatter.table.columns().iter().map(|column| Column::new(column).map(|c| c.json())).collect::<Result<_>>()?;
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let axes: Vec<String> = scatter
        .points
        .columns()
        .into_iter()
        .map(|axis| {
            let values: Vec<String> = axis.iter().map(|x| format!("{x:.4}")).collect();
            format!("[{}]", values.join(","))
        })
        .collect();
    let head = serde_json::json!({
        "title": scatter.title,
        "facts": scatter.facts,
        "names": names,
        "color": scatter.color,
        "severity": scatter.severity()?,
        "palette": {
            "categories": CATEGORIES, "other": OTHER, "ramp": RAMP,
            "severities": SEVERITIES, "steps": SEVERITY_STEPS,
        },
    });
    let text = format!("{{\"head\":{head},\"axes\":[{}],\"columns\":[{}]}}", axes.join(","), columns.join(","));
    Ok(inert(&text))
}
