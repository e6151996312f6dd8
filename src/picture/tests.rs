use super::columns::Column;
use super::*;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array};
use ndarray::Array2;
use std::sync::Arc;

fn points(n: usize, dims: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, dims), |(i, c)| ((i * (7 + 5 * c)) % 101) as f32)
}

fn table(n: usize) -> RecordBatch {
    let text = |i: usize| ["tcp", "udp", "</script><img src=x onerror=alert(1)>"][i % 3];
    RecordBatch::try_from_iter([
        ("proto", Arc::new(StringArray::from_iter_values((0..n).map(text))) as ArrayRef),
        ("bytes", Arc::new(Int64Array::from_iter_values((0..n as i64).map(|i| i * i))) as _),
        ("anomaly_score", Arc::new(Float64Array::from_iter_values((0..n).map(|i| i as f64))) as _),
        ("severity", Arc::new(Float64Array::from_iter_values((0..n).map(|i| i as f64 / n as f64))) as _),
        ("anomaly", Arc::new(BooleanArray::from_iter((0..n).map(|i| Some(i % 10 == 0)))) as _),
    ])
    .unwrap()
}

fn scatter<'a>(points: &'a Array2<f32>, table: &'a RecordBatch, color: Option<&str>) -> Scatter<'a> {
    Scatter::new(points.view(), table, color, "flows <b>& more", &[]).unwrap()
}

fn facts() -> Vec<(String, String)> {
    vec![("rows".into(), "120".into()), ("command".into(), "oddflow embed <x>".into())]
}

#[test]
fn columns_keep_every_value() {
    let column = |array: ArrayRef| Column::new(&array).unwrap().json();
    assert_eq!(column(Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)]))), "[1,null,-3]");
    assert_eq!(column(Arc::new(Float64Array::from(vec![0.5, f64::NAN]))), "[0.5,null]");
    // What JSON readers would round is text.
    let large = Arc::new(UInt64Array::from(vec![u64::MAX, 7]));
    assert_eq!(column(large), r#"{"texts":["18446744073709551615","7"],"rows":[0,1]}"#);
    let texts = StringArray::from(vec![Some("b"), Some("a\"\u{2028}"), None, Some("b")]);
    assert_eq!(column(Arc::new(texts)), "{\"texts\":[\"b\",\"a\\\"\u{2028}\"],\"rows\":[0,1,-1,0]}");
}

#[test]
fn a_page_holds_all_rows_and_nothing_of_them_as_markup() {
    for dims in [2, 3] {
        let (points, table, facts) = (points(120, dims), table(120), facts());
        let mut page = Vec::new();
        let scatter = Scatter::new(points.view(), &table, None, "flows </title><script>", &facts).unwrap();
        scatter.html(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
        assert!(!data.contains(['<', '>', '&', '\u{2028}']));
        let read: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(read["axes"].as_array().unwrap().len(), dims);
        assert_eq!(read["columns"][0]["rows"].as_array().unwrap().len(), 120);
        assert_eq!(read["columns"][0]["texts"][2], "</script><img src=x onerror=alert(1)>");
        assert_eq!(read["head"]["names"][read["head"]["color"].as_u64().unwrap() as usize], "severity");
        assert_eq!(page.matches("<script").count() - page.matches("\"<script").count(), 3);
        assert!(page.contains("<title>flows &lt;/title&gt;&lt;script&gt;</title>"));
    }
}

#[test]
fn svg_is_well_formed_and_paints_every_point() {
    for (color, groups) in [("severity", 4), ("proto", 3), ("anomaly", 2), ("bytes", 32)] {
        for dims in [2, 3] {
            let (points, table) = (points(120, dims), table(120));
            let svg = scatter(&points, &table, Some(color)).svg(Size::default(), Theme::Dark).unwrap();
            resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
            assert_eq!(svg.matches("h.01").count(), 120, "{color}");
            assert!(dims == 3 || svg.matches("<path").count() <= groups, "{color}");
            assert!(!svg.contains("<img") && svg.contains("flows &lt;b&gt;&amp; more"));
        }
    }
}

/// Rows that a later record replaces have no severity; the others keep the colours of theirs.
#[test]
fn rows_without_a_score_are_none_and_not_low() {
    let severity = Float64Array::from(vec![Some(0.1), None, Some(0.95)]);
    let columns = [("anomaly_score", Arc::new(Float64Array::from(vec![0.1, 0.2, 0.3])) as ArrayRef)];
    let columns = columns.into_iter().chain([("severity", Arc::new(severity) as _)]);
    let (points, table) = (points(3, 2), RecordBatch::try_from_iter(columns).unwrap());
    let svg = scatter(&points, &table, None).svg(Size::default(), Theme::Light).unwrap();
    assert!(svg.contains("above 0.9: one in a thousand (1)") && svg.contains("none (1)"), "{svg}");
}

#[test]
fn png_has_points_and_text() {
    let (points, table) = (points(120, 2), table(120));
    let size = Size { width: 640, height: 480, scale: 1.0 };
    let picture = |title: &str| {
        let scatter = Scatter::new(points.view(), &table, Some("proto"), title, &[]).unwrap();
        let png = scatter.png(size, Theme::Light).unwrap();
        resvg::tiny_skia::Pixmap::decode_png(&png).unwrap()
    };
    let (with, without) = (picture("a title"), picture(""));
    assert_eq!((with.width(), with.height()), (640, 480));
    let dark = |map: &resvg::tiny_skia::Pixmap| map.pixels().iter().filter(|p| p.red() < 100 && p.blue() < 100).count();
    assert!(dark(&with) > dark(&without) + 50, "{} {}", dark(&with), dark(&without));
    let blue = with.pixels().iter().filter(|p| p.blue() > 150 && p.red() < 60).count();
    assert!(blue > 200, "{blue}");
}

/// U+FFFF and control characters are no characters of XML; and what others call severity is painted as numbers.
#[test]
fn any_text_makes_a_picture() {
    let points = points(3, 2);
    let table = RecordBatch::try_from_iter([
        ("label", Arc::new(StringArray::from(vec!["a\u{ffff}", "\u{1}b\u{fffe}", "]]>&"])) as ArrayRef),
        ("severity", Arc::new(Int64Array::from(vec![1, 2, 3])) as _),
    ])
    .unwrap();
    for color in ["label", "severity"] {
        let scatter = Scatter::new(points.view(), &table, Some(color), "a\u{1}b\u{ffff}", &[]).unwrap();
        let svg = scatter.svg(Size::default(), Theme::Light).unwrap();
        resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        assert!(!svg.contains("one in a"));
        scatter.png(Size { scale: 0.5, ..Size::default() }, Theme::Light).unwrap();
    }
}

#[test]
fn sizes_and_columns_out_of_range_are_refused() {
    let (points, table) = (points(10, 2), table(10));
    let error = |size| scatter(&points, &table, None).png(size, Theme::Light).unwrap_err().to_string();
    assert!(error(Size { width: 20, ..Size::default() }).contains("320"));
    assert!(error(Size { scale: f32::NAN, ..Size::default() }).contains("0.5 to 8"));
    let unknown = Scatter::new(points.view(), &table, Some("port"), "", &[]).unwrap_err().to_string();
    assert_eq!(unknown, "column is port; the rows have proto, bytes, anomaly_score, severity, anomaly");
}
