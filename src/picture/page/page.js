"use strict";
// Whatever a log said reaches the page through textContent, and the chart as numbers only.
(() => {
  const { head, axes, columns } = JSON.parse(document.getElementById("data").textContent);
  const { names, palette } = head;
  const n = axes[0].length;
  const inSpace = axes.length === 3;
  const byId = (id) => document.getElementById(id);
  const plot = byId("plot");

  // Cells: a column is a list of numbers, or distinct texts and each row's place among them.
  const isNumeric = (column) => Array.isArray(column);
  const cell = (column, row) => (isNumeric(column) ? column[row] : column.texts[column.rows[row]]) ?? null;
  const shown = (value) => (value === null ? "–" : String(value));

  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const fill = (table, pairs) => {
    const rows = pairs.map(([name, value]) => {
      const row = element("tr");
      const label = element("th", name);
      label.scope = "row";
      row.append(label, element("td", value));
      return row;
    });
    table.tBodies[0].replaceChildren(...rows);
  };

  // Points are drawn in the order of how odd they are, so that the oddest lie on top.
  const score = [head.severity ?? -1, names.indexOf("anomaly_score")].find((at) => at >= 0 && isNumeric(columns[at]));
  const oddness = (row) => (score === undefined ? 0 : cell(columns[score], row) ?? -Infinity);
  const verdicts = columns[names.indexOf("anomaly")];
  const isOdd = (row) => {
    const value = verdicts === undefined ? null : cell(verdicts, row);
    return value === true || value === "true" || value === 1;
  };
  let order = Array.from({ length: n }, (_, row) => row);
  if (score !== undefined) order.sort((a, b) => oddness(a) - oddness(b) || a - b);

  const webgl = (() => {
    try {
      const canvas = document.createElement("canvas");
      return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
    } catch {
      return false;
    }
  })();
  const WITHOUT_WEBGL = 5000;
  if (!webgl) {
    const left = Math.min(n, WITHOUT_WEBGL);
    order = order.slice(n - left);
    byId("notice").hidden = false;
    byId("notice").textContent = `This browser has no WebGL: ${left} of ${n} flows are drawn${
      score === undefined ? "" : ", the oddest"}${inSpace ? ", in two of three dimensions" : ""}.`;
  }
  const drawnInSpace = inSpace && webgl;

  // How a column is painted: groups with a colour each, or a ramp.
  const FEW = 6;
  const SKEWED = 50;
  function painting(at) {
    if (at < 0) return { groups: [{ color: palette.categories[0], name: "all", rows: order }] };
    const column = columns[at];
    if (at === head.severity) {
      const labels = ["up to 0.3", "0.3–0.7: one in ten", "0.7–0.9: one in a hundred", "above 0.9: one in a thousand"];
      const groups = labels.map((name, step) => ({ name, color: palette.severities[step], rows: [] }));
      // Rows that a later record replaces are not scored.
      const none = { name: "none", color: palette.other, rows: [] };
      const step = (value) => palette.steps.filter((step) => value > step).length;
      for (const row of order) (column[row] === null ? none : groups[step(column[row])]).rows.push(row);
      return { groups: none.rows.length ? [none, ...groups] : groups };
    }
    if (isNumeric(column)) {
      const present = order.map((row) => column[row]).filter((value) => value !== null);
      const distinct = [...new Set(present)];
      if (distinct.length > FEW) return ramp(column, present);
      distinct.sort((a, b) => a - b);
      return { groups: grouped(distinct.map(String), (row) => (column[row] === null ? -1 : distinct.indexOf(column[row]))) };
    }
    return { groups: grouped(column.texts, (row) => column.rows[row]) };
  }
  function grouped(texts, place) {
    const room = palette.categories.length;
    const named = texts.length > room ? room - 1 : texts.length;
    const groups = texts.slice(0, named).map((name, i) => ({ name, color: palette.categories[i], rows: [] }));
    const other = { name: texts.length > named ? `${texts.length - named} others, or none` : "none", color: palette.other, rows: [] };
    for (const row of order) (groups[place(row)] ?? other).rows.push(row);
    return other.rows.length ? [...groups, other] : groups;
  }
  // Ends of a scale, as `short_number` of svg.rs has them.
  function short(x) {
    const size = Math.abs(x);
    if (size >= 1e6 || (size > 0 && size < 1e-3)) return x.toExponential(2);
    return size >= 100 || Number.isInteger(x) ? x.toFixed(0) : x.toFixed(3);
  }
  function ramp(column, present) {
    present.sort((a, b) => a - b);
    const low = present[0];
    const high = present[present.length - 1];
    const median = present[Math.floor(present.length / 2)];
    const logarithmic = low >= 0 && high > SKEWED * Math.max(median, Number.MIN_VALUE) && high > SKEWED;
    const scale = (value) => (logarithmic ? Math.log1p(value) : value);
    const without = order.filter((row) => column[row] === null);
    const groups = [{ name: "", color: null, rows: order.filter((row) => column[row] !== null) }];
    if (without.length) groups.unshift({ name: "none", color: palette.other, rows: without });
    return { groups, ramp: { low, high, logarithmic, scale, column } };
  }

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let painted = null;
  let hidden = new Set();
  let selection = null;
  let size = drawnInSpace ? 3 : Math.max(2, Math.min(8, 400 / Math.sqrt(n)));
  byId("size").value = size;

  function traces() {
    // Rarer groups are drawn over frequent ones; severities go up by themselves.
    const rising = painted.at === head.severity || painted.ramp;
    const drawn = rising ? painted.groups : [...painted.groups].reverse();
    return drawn.map((group) => {
      const rows = group.rows;
      const trace = {
        type: drawnInSpace ? "scatter3d" : webgl ? "scattergl" : "scatter",
        mode: "markers",
        x: rows.map((row) => axes[0][row]),
        y: rows.map((row) => axes[1][row]),
        customdata: rows,
        hoverinfo: "none",
        visible: !hidden.has(group),
        marker: { size: rows.map((row) => (isOdd(row) ? size * 1.5 : size)), opacity: 0.85, line: { width: 0 } },
      };
      if (drawnInSpace) trace.z = rows.map((row) => axes[2][row]);
      if (group.color) trace.marker.color = group.color;
      else {
        trace.marker.color = rows.map((row) => painted.ramp.scale(painted.ramp.column[row]));
        trace.marker.colorscale = palette.ramp.map((color, i) => [i / (palette.ramp.length - 1), color]);
        trace.marker.cmin = painted.ramp.scale(painted.ramp.low);
        trace.marker.cmax = painted.ramp.scale(painted.ramp.high);
      }
      if (!drawnInSpace) {
        trace.unselected = { marker: { opacity: 0.12 } };
        if (selection) trace.selectedpoints = rows.flatMap((row, i) => (selection.has(row) ? [i] : []));
      }
      return trace;
    });
  }
  function layout() {
    const background = style("--background");
    const axis = { visible: false, showgrid: false, zeroline: false, showspikes: false };
    const common = {
      paper_bgcolor: background,
      plot_bgcolor: background,
      font: { color: style("--text") },
      margin: { l: 0, r: 0, t: 0, b: 0 },
      showlegend: false,
      uirevision: "kept",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: style("--faint"), activecolor: style("--accent") },
    };
    if (drawnInSpace) {
      const bare = { visible: false };
      return { ...common, scene: { xaxis: bare, yaxis: bare, zaxis: bare, aspectmode: "data", bgcolor: background, dragmode: "orbit", camera: { eye: { x: 0.95, y: 0.95, z: 0.75 } } } };
    }
    return { ...common, dragmode: "pan", hovermode: "closest", xaxis: axis, yaxis: { ...axis, scaleanchor: "x" } };
  }
  const config = {
    responsive: true,
    scrollZoom: true,
    displaylogo: false,
    displayModeBar: true,
    modeBarButtonsToRemove: ["autoScale2d", "toImage", "resetCameraLastSave3d", "hoverClosest3d"],
  };
  const draw = () => Plotly.react(plot, traces(), layout(), config);

  function legend() {
    const list = byId("legend");
    byId("legend-title").textContent = painted.at < 0 ? "Colour" : names[painted.at];
    const entries = painted.groups.filter((group) => group.color).map((group) => {
      const button = element("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      const swatch = element("span", undefined, "swatch");
      swatch.style.background = group.color;
      button.append(swatch, element("span", group.name === "" ? "(empty)" : group.name, "name"));
      button.append(element("span", group.rows.length.toLocaleString("en"), "count"));
      button.title = group.name;
      button.addEventListener("click", () => {
        if (!hidden.delete(group)) hidden.add(group);
        button.setAttribute("aria-pressed", String(!hidden.has(group)));
        draw();
        tell();
      });
      const item = element("li");
      item.append(button);
      return item;
    });
    if (painted.at === head.severity) entries.reverse();
    if (painted.ramp) {
      const item = element("li");
      const bar = element("div", undefined, "ramp");
      bar.style.background = `linear-gradient(to right, ${palette.ramp.join(",")})`;
      const ends = element("div", undefined, "ends");
      const { low, high, logarithmic } = painted.ramp;
      ends.append(element("span", short(low)), element("span", logarithmic ? "logarithmic" : ""), element("span", short(high)));
      item.append(bar, ends);
      entries.unshift(item);
    }
    list.replaceChildren(...entries);
  }
  function paint(at) {
    hidden = new Set();
    painted = { at, ...painting(at) };
    legend();
    draw();
    tell();
  }

  // The flow under the pointer; a click keeps it.
  let kept = null;
  function show(row) {
    byId("hint").textContent = kept === null ? "Click to keep it here." : "Kept; click elsewhere for another.";
    fill(byId("flow"), names.map((name, at) => [name, shown(cell(columns[at], row))]));
  }

  // What is selected, or else visible.
  function chosen() {
    const visible = painted.groups.filter((group) => !hidden.has(group)).flatMap((group) => group.rows);
    return (selection ? visible.filter((row) => selection.has(row)) : visible).sort((a, b) => a - b);
  }
  function tell() {
    const rows = chosen();
    const count = rows.length.toLocaleString("en");
    const odd = rows.filter(isOdd).length.toLocaleString("en");
    byId("selected").textContent = (selection ? `${count} flows` : `All ${count} visible flows`) + (verdicts === undefined ? "" : `, ${odd} anomalous`);
    byId("export").disabled = rows.length === 0;
    byId("clear").disabled = !selection;
  }

  // CSV as the program writes it: quoted where needed, and no text that a spreadsheet would run.
  const isFormula = (text) => /^[=@\t\r\n＝＋－＠]/u.test(text) ||
    (/^[+-]/.test(text) && text !== "-" && !/^[+-](\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text));
  function field(value) {
    if (value === null) return "";
    if (typeof value !== "string") return String(value);
    const text = isFormula(value) ? `'${value}` : value;
    return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
  function csv(rows) {
    const lines = rows.map((row) => columns.map((column) => field(cell(column, row))).join(","));
    return [names.map(field).join(","), ...lines].join("\n") + "\n";
  }
  function download() {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([csv(chosen())], { type: "text/csv" }));
    link.download = "flows.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function theme(name) {
    document.documentElement.dataset.theme = name;
    if (painted) draw();
  }

  byId("title").textContent = head.title;
  byId("facts").textContent = head.facts.slice(0, 3).map(([name, value]) => `${name} ${value}`).join("  ·  ");
  fill(byId("made"), head.facts);
  byId("hint").textContent = drawnInSpace
    ? "Point at a flow to see it. Drag to turn, scroll to zoom; regions are selected in two dimensions."
    : "Point at a flow to see it. Drag to move, scroll to zoom; lasso and box are above the map.";
  const select = byId("color");
  select.append(new Option("none", "-1"), ...names.map((name, at) => new Option(name, String(at))));
  select.value = String(head.color ?? -1);
  select.addEventListener("change", () => paint(Number(select.value)));
  byId("size").addEventListener("input", (event) => {
    size = Number(event.target.value);
    draw();
  });
  const preferred = matchMedia("(prefers-color-scheme: dark)");
  byId("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  preferred.addEventListener("change", (event) => theme(event.matches ? "dark" : "light"));
  byId("export").addEventListener("click", download);
  byId("clear").addEventListener("click", () => {
    selection = null;
    draw().then(() => Plotly.relayout(plot, { selections: [] }));
    tell();
  });
  theme(preferred.matches ? "dark" : "light");
  paint(Number(select.value));
  plot.on("plotly_hover", ({ points }) => kept === null && points.length && show(points[0].customdata));
  plot.on("plotly_click", ({ points }) => {
    if (!points.length) return;
    const row = points[0].customdata;
    kept = kept === row ? null : row;
    show(row);
  });
  plot.on("plotly_selected", (event) => {
    selection = event?.points?.length ? new Set(event.points.map((point) => point.customdata)) : null;
    tell();
  });
  plot.on("plotly_deselect", () => {
    selection = null;
    tell();
  });
  // For tests, and for those who open the console.
  window.oddflow = { n, chosen, csv, show, plot };
  document.documentElement.dataset.ready = "true";
})();
