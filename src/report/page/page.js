"use strict";
// Whatever a log said reaches the page through textContent; charts are made of numbers.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { head } = data;
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;

  // ---- Words ----
  const count = (n) => n.toLocaleString("en");
  const plural = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;
  const percent = (share) => `${share > 0 && share < 0.001 ? "<0.1" : (100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
  const severityText = (x) => (x === null || x === undefined ? "–" : `.${String(Math.floor(Math.min(x, 0.999) * 100)).padStart(2, "0")}`);
  function bytes(n) {
    if (n < 10_000) return `${count(n)} B`;
    const units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let value = n;
    let unit = "B";
    for (const larger of units) {
      if (value < 999.5) break;
      value /= 1000;
      unit = larger;
    }
    return `${value.toPrecision(3)} ${unit}`;
  }
  function short(x) {
    const size = Math.abs(x);
    if (size >= 1e6 || (size > 0 && size < 1e-3)) return x.toExponential(2);
    return size >= 100 || Number.isInteger(x) ? x.toFixed(0) : x.toFixed(3);
  }
  const clock = (iso) => iso.slice(11, 16);
  const day = (iso) => iso.slice(0, 10);
  const moment = (seconds) => new Date(seconds * 1000).toISOString();
  const sameDay = (a, b) => day(a) === day(b);
  const readable = (iso) => iso.replace("T", " ").replace(/(\.\d+)?Z$/, "");

  // ---- Elements ----
  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    return made;
  }
  function with_(node, ...children) {
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }
  const SVG = "http://www.w3.org/2000/svg";
  function shape(tag, attributes, text) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }
  function facts(pairs) {
    const list = element("dl", undefined, "facts");
    for (const [name, value] of pairs) list.append(element("dt", name), element("dd", value));
    return list;
  }
  const tier = (severity) => (severity === null ? head.palette.other : head.palette.severities[head.palette.steps.filter((step) => severity > step).length]);
  function severityCell(severity) {
    const cell = element("span");
    if (severity !== null && severity !== undefined) {
      const dot = element("span", undefined, "dot");
      dot.style.background = tier(severity);
      cell.append(dot);
    }
    cell.append(severityText(severity));
    return cell;
  }

  // ---- Tables: sorted by their headings, filtered, a page at a time ----
  // columns: { name, value(row) to sort by, show(row) → text or node, className, up: first click sorts upwards }
  function table(mount, { columns, rows, page, sort, filter, expand, caption, className, stacked, extra }) {
    const above = element("div", undefined, "above");
    const shown = element("table", undefined, `${className ?? ""}${stacked ? " stacked" : ""}`);
    const heads = element("tr");
    const body = element("tbody");
    const more = element("div", undefined, "more");
    const told = element("span", undefined, "faint");
    const moreButton = element("button", "Show more");
    moreButton.type = "button";
    let order = sort ?? null;
    let visible = page;
    let kept = rows;
    if (caption) above.append(element("h3", caption));
    let box = null;
    if (filter) {
      box = element("input");
      box.type = "search";
      box.placeholder = "Filter";
      box.setAttribute("aria-label", `filter ${caption ?? "rows"}`);
      let waiting = 0;
      box.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => { visible = page; choose(); draw(); }, rows.length > 5000 ? 150 : 0);
      });
      above.append(box);
    }
    if (extra) above.append(...extra);
    function choose() {
      const words = box ? box.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
      kept = words.length ? filter(words) : rows.slice();
      if (order) {
        const { value } = columns[order.column];
        const keys = new Map(kept.map((row) => [row, value(row)]));
        const compare = (a, b) => {
          const [x, y] = [keys.get(a), keys.get(b)];
          const [noX, noY] = [x === null || x === undefined, y === null || y === undefined];
          if (noX || noY) return noX - noY; // what is not known comes last, either way
          const sign = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
          return order.up ? sign : -sign;
        };
        kept.sort(compare);
      }
    }
    columns.forEach((column, at) => {
      const heading = element("th", undefined, column.className);
      heading.scope = "col";
      const button = element("button", column.name);
      button.type = "button";
      button.addEventListener("click", () => {
        order = order?.column === at ? { column: at, up: !order.up } : { column: at, up: Boolean(column.up) };
        visible = page;
        choose();
        draw();
      });
      heads.append(with_(heading, button));
    });
    function line(row) {
      const made = element("tr");
      columns.forEach((column, at) => {
        const cell = element("td", undefined, column.className);
        const content = column.show(row);
        if (expand && at === 0) {
          const opener = element("button", undefined, "opener");
          opener.type = "button";
          opener.setAttribute("aria-expanded", "false");
          opener.setAttribute("aria-label", "details");
          cell.append(opener);
        }
        cell.append(content ?? "–");
        if (stacked && column.unit) cell.dataset.name = column.unit;
        made.append(cell);
      });
      if (expand) {
        made.className = "expandable";
        const opener = made.querySelector(".opener");
        const toggle = () => {
          const next = made.nextElementSibling;
          if (next?.classList.contains("opened")) {
            next.remove();
            opener.setAttribute("aria-expanded", "false");
            return;
          }
          const cell = element("td", undefined, "detail");
          cell.colSpan = columns.length;
          cell.append(...expand(row));
          made.after(with_(element("tr", undefined, "opened"), cell));
          opener.setAttribute("aria-expanded", "true");
        };
        made.addEventListener("click", () => { if (!String(getSelection())) toggle(); });
      }
      return made;
    }
    function draw() {
      [...heads.children].forEach((heading, at) => {
        const sorted = order?.column === at;
        heading.setAttribute("aria-sort", sorted ? (order.up ? "ascending" : "descending") : "none");
        heading.firstChild.textContent = columns[at].name + (sorted ? (order.up ? " ↑" : " ↓") : "");
      });
      const drawn = kept.slice(0, visible);
      body.replaceChildren(...drawn.map(line));
      const filtered = kept.length < rows.length ? ` of ${count(rows.length)}` : "";
      told.textContent = drawn.length < kept.length ? `${count(drawn.length)} of ${count(kept.length)} shown` : `${count(kept.length)}${filtered}`;
      moreButton.hidden = drawn.length >= kept.length;
      more.hidden = moreButton.hidden && !filtered;
    }
    moreButton.addEventListener("click", () => { visible += page; draw(); });
    more.append(told, moreButton);
    shown.append(with_(element("thead"), heads), body);
    choose();
    draw();
    if (above.childNodes.length) mount.append(above);
    mount.append(with_(element("div", undefined, "scroll"), shown), more);
    return { refresh() { choose(); draw(); }, kept: () => kept };
  }

  // ---- Charts ----
  const charts = [];
  const width = (mount) => Math.max(260, Math.min(1400, mount.clientWidth || 700));
  function chart(mount, draw) {
    const holder = element("div");
    mount.append(holder);
    const redraw = () => holder.replaceChildren(draw(width(mount)));
    charts.push(redraw);
    redraw();
  }
  let drawnAt = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== drawnAt) { drawnAt = innerWidth; charts.forEach((redraw) => redraw()); } });

  const logged = (n, most) => (n <= 0 ? 0 : (Math.log10(n) + 0.35) / (Math.log10(Math.max(most, 2)) + 0.35));
  function heights(most, logarithmic) {
    if (logarithmic) {
      const ticks = [];
      for (let tick = 1; tick <= most; tick *= 10) ticks.push(tick);
      return { at: (n) => logged(n, most), ticks };
    }
    return { at: (n) => n / Math.max(most, 1), ticks: niceTicks(0, most, 4).filter(Number.isInteger) };
  }
  function niceTicks(low, high, n) {
    if (!(high > low)) return [low];
    const rough = (high - low) / n;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((x) => x * power).find((x) => x >= rough);
    const ticks = [];
    for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) ticks.push(Number((at * step).toPrecision(12)));
    return ticks;
  }

  // Bars with a part of each in the colour of anomalies. x: ticks [{ at in 0..1, text }]; marks: lines likewise.
  function bars(mount, { label, bins, xTicks, marks, band, told, summary, logarithmic }) {
    const readout = element("p", summary, "readout");
    chart(mount, (w) => {
      const [left, right, top, bottom, height] = [46, 8, marks?.length ? 30 : 10, band ? 34 : 24, 220];
      const [iw, ih] = [w - left - right, height - top - bottom];
      const svg = shape("svg", { viewBox: `0 0 ${w} ${height}`, role: "img", "aria-label": label, tabindex: "0" });
      const most = Math.max(1, ...bins.map(([all]) => all));
      const scale = heights(most, logarithmic);
      for (const tick of scale.ticks) {
        const y = top + ih * (1 - scale.at(tick));
        svg.append(shape("line", { class: "axis", x1: left, x2: w - right, y1: y, y2: y }));
        svg.append(shape("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, tick >= 10000 ? `${tick / 1000}k` : count(tick)));
      }
      const step = iw / bins.length;
      const gap = step > 4 ? 1 : step > 2 ? 0.5 : 0;
      const rects = { all: "", odd: "" };
      bins.forEach(([all, odd], at) => {
        for (const [name, n] of [["all", all], ["odd", odd]]) {
          const h = ih * scale.at(n);
          if (h > 0) rects[name] += `M${(left + at * step + gap / 2).toFixed(2)},${top + ih}v${(-h).toFixed(2)}h${(step - gap).toFixed(2)}v${h.toFixed(2)}z`;
        }
      });
      svg.append(shape("path", { class: "all", d: rects.all }), shape("path", { class: "odd", d: rects.odd }));
      svg.append(shape("line", { class: "axis", x1: left, x2: w - right, y1: top + ih, y2: top + ih }));
      for (const { from, to, color } of band ?? []) {
        svg.append(shape("rect", { x: left + iw * from, width: Math.max(0, iw * (to - from)), y: top + ih + 2, height: 5, fill: color }));
      }
      for (const { at, text } of xTicks(iw)) {
        if (at < -1e-9 || at > 1 + 1e-9) continue;
        const x = left + iw * at;
        svg.append(shape("text", { x, y: height - 6, "text-anchor": at < 0.04 ? "start" : at > 0.96 ? "end" : "middle" }, text));
      }
      // Texts that would run into each other stand on two lines.
      const ends = [-Infinity, -Infinity];
      for (const { at, text, className } of marks ?? []) {
        const x = left + iw * at;
        const length = text.length * 6;
        const leftwards = x + 4 + length > w;
        const begin = leftwards ? x - 4 - length : x + 4;
        const row = begin > ends[0] ? 0 : 1;
        ends[row] = begin + length + 6;
        svg.append(shape("line", { class: className, x1: x, x2: x, y1: row ? 12 : 0, y2: top + ih }));
        svg.append(shape("text", { x: leftwards ? x - 4 : x + 4, y: row ? 22 : 10, "text-anchor": leftwards ? "end" : "start" }, text));
      }
      const under = shape("rect", { class: "under", y: top, height: ih, width: Math.max(step, 2), x: left });
      svg.append(under);
      let chosen = -1;
      const choose = (at) => {
        chosen = at;
        under.classList.toggle("on", at >= 0);
        if (at >= 0) under.setAttribute("x", left + at * step);
        readout.textContent = at >= 0 ? told(at) : summary;
      };
      svg.addEventListener("pointermove", (event) => {
        const box = svg.getBoundingClientRect();
        const at = Math.floor((((event.clientX - box.left) * w) / box.width - left) / step);
        choose(at >= 0 && at < bins.length ? at : -1);
      });
      svg.addEventListener("pointerleave", () => choose(-1));
      svg.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!by) return;
        choose(Math.max(0, Math.min(bins.length - 1, chosen + by)));
        event.preventDefault();
      });
      svg.addEventListener("blur", () => choose(-1));
      return svg;
    });
    mount.append(readout);
  }
  function legend(mount, entries) {
    const line = element("div", undefined, "legend");
    for (const [color, text] of entries) {
      const swatch = element("i");
      swatch.style.background = color;
      line.append(with_(element("span"), swatch, text));
    }
    mount.append(line);
  }
  // Curves in a unit square.
  function curve(mount, { title, points, chance, dot, x, y }) {
    mount.append(element("h3", title));
    chart(mount, (w) => {
      const [left, right, top, bottom] = [38, 8, 22, 34];
      const height = Math.min(320, w);
      const [iw, ih] = [w - left - right, height - top - bottom];
      const px = (v) => (left + iw * v).toFixed(1);
      const py = (v) => (top + ih * (1 - v)).toFixed(1);
      const svg = shape("svg", { viewBox: `0 0 ${w} ${height}`, role: "img", "aria-label": title });
      for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
        svg.append(shape("line", { class: "axis", x1: left, x2: w - right, y1: py(tick), y2: py(tick) }));
        svg.append(shape("text", { x: left - 6, y: Number(py(tick)) + 4, "text-anchor": "end" }, String(tick)));
        svg.append(shape("text", { x: px(tick), y: top + ih + 14, "text-anchor": tick === 1 ? "end" : "middle" }, String(tick)));
      }
      svg.append(shape("text", { x: left + iw / 2, y: height - 4, "text-anchor": "middle" }, x));
      svg.append(shape("text", { x: left, y: 12 }, y));
      svg.append(shape("path", { class: "chance", d: chance.map(([a, b], i) => `${i ? "L" : "M"}${px(a)},${py(b)}`).join("") }));
      svg.append(shape("path", { class: "curve", d: points.map(([a, b], i) => `${i ? "L" : "M"}${px(a)},${py(b)}`).join("") }));
      if (dot) svg.append(shape("circle", { class: "odd", cx: px(dot[0]), cy: py(dot[1]), r: 4.5 }));
      return svg;
    });
  }

  // ---- Rows: columns of numbers, or of distinct texts and each row's place among them ----
  function cellsOf({ head: about, scored, columns }) {
    const { names } = about;
    const isNumeric = (column) => Array.isArray(column);
    const cell = (at, row) => (isNumeric(columns[at]) ? columns[at][row] : columns[at].texts[columns[at].rows[row]]) ?? null;
    const places = scored.map((name) => names.indexOf(name));
    const n = columns.length ? (isNumeric(columns[0]) ? columns[0].length : columns[0].rows.length) : 0;
    const isOdd = (row) => places[2] >= 0 && [true, "true", 1].includes(cell(places[2], row));
    const severity = (row) => (places[1] >= 0 ? cell(places[1], row) : null);
    const score = (row) => (places[0] >= 0 ? cell(places[0], row) : null);
    // Which of some columns tell anything of these rows, and which say the same of all.
    function telling(rows) {
      const varying = [];
      const same = [];
      names.forEach((name, at) => {
        if (places.includes(at)) return;
        const first = cell(at, rows[0]);
        if (rows.some((row) => cell(at, row) !== first)) varying.push(at);
        else if (first !== null && first !== "" && first !== "-") same.push([name, String(first)]);
      });
      return { varying, same };
    }
    return { names, columns, cell, n, isOdd, severity, score, telling, places, records: about.records };
  }
  const flows = cellsOf(data.rows);
  const display = (value) => (value === null ? "–" : typeof value === "string" ? readableTime(value) : String(value));
  const readableTime = (text) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) ? text.replace("T", " ").replace(/Z$/, "") : text);
  function rowColumns(source, places) {
    const numeric = (at) => Array.isArray(source.columns[at]);
    return [
      { name: "row", value: (row) => source.records[row], show: (row) => count(source.records[row]), className: "number", up: true },
      { name: "sev", value: source.severity, show: (row) => severityCell(source.severity(row)), className: "fixed" },
      { name: "score", value: source.score, show: (row) => (source.score(row) === null ? "–" : short(source.score(row))), className: "number" },
      { name: "flagged", value: (row) => Number(source.isOdd(row)), show: (row) => (source.isOdd(row) ? "yes" : "") , className: "fixed" },
      ...places.map((at) => ({
        name: source.names[at],
        value: (row) => source.cell(at, row),
        show: (row) => display(source.cell(at, row)),
        className: numeric(at) ? "number" : "",
        up: true,
      })),
    ];
  }

  // ---- Head ----
  const counts = head.counts;
  const time = data.timeline;
  if (time && time.before + time.after) {
    // A flow that was open for days says nothing of when the log begins.
    counts.first = moment(time.from);
    counts.last = moment(time.from + time.spells.length * time.seconds);
  }
  byId("title").textContent = head.title;
  const facts_ = Object.fromEntries(head.provenance);
  byId("subtitle").textContent = [
    counts.first && `${readable(counts.first)} to ${readable(counts.last)} UTC`,
    facts_.detector,
    facts_["model digest"] && `model ${facts_["model digest"].slice(0, 12)}`,
    facts_.finished && `scored ${readable(facts_.finished)} UTC`,
  ].filter(Boolean).join("  ·  ");
  for (const doubt of head.doubts) byId("doubts").append(element("p", doubt, "notice"));
  function tile(name, value, note, className) {
    const made = element("div", undefined, className);
    with_(made, element("dt", name), element("dd", value), note ? element("dd", note) : null);
    byId("tiles").append(made);
  }
  const scoredShare = counts.scored ? counts.anomalies / counts.scored : 0;
  tile("flows scored", count(counts.scored), counts.inputs ? `of ${plural(counts.inputs, "input file")}` : null);
  if (counts.flagged !== null) {
    tile("findings flagged", count(counts.flagged), [counts.ranked !== null && `of ${count(counts.ranked)} ranked`, counts.asked && `${counts.asked} asked`].filter(Boolean).join(", "), "alarm");
  } else if (data.findings.total) tile("findings flagged", count(data.findings.total), null, "alarm");
  tile("flows flagged", count(counts.anomalies), `${percent(scoredShare)} of those scored`, "alarm");
  if (counts.first) {
    const hours = (Date.parse(counts.last) - Date.parse(counts.first)) / 3.6e6;
    tile("time", hours >= 48 ? `${(hours / 24).toFixed(1)} days` : hours >= 2 ? `${hours.toFixed(1)} h` : `${Math.round(hours * 60)} min`, `from ${readable(counts.first)} UTC`);
  }
  const rejected = counts.rejected ?? (counts.records === null ? null : 0);
  tile("records rejected", rejected === null ? "not known" : count(rejected), counts.records !== null ? `of ${count(counts.records)} read` : "no manifest");
  const faults = data.capture.faults;
  if (faults !== null) tile("capture faults", count(faults.length), faults.length ? "see “Capture and reading”" : "none found");

  // ---- Findings ----
  const list = data.findings.list;
  const byFindings = list.length > 0;
  if (byFindings) {
    const side = (text, many) => text ?? (many > 1 ? `${count(many)} hosts` : "?");
    const target = ({ destination, hosts, port, protocol, service }) => {
      const host = side(destination, hosts);
      const isIcmp = typeof protocol === "string" && protocol.startsWith("icmp");
      const at = port && port !== "*" && port !== "-" ? (isIcmp ? ` icmp ${port}` : `:${port}`) : isIcmp ? " icmp" : "";
      const over = protocol && protocol !== "tcp" && !isIcmp && protocol !== "*" ? `/${protocol}` : "";
      return `${host}${at}${over}${service && port !== "*" ? ` ${service}` : ""}`;
    };
    const when = ({ first, last }) => {
      if (!first) return "–";
      if (!last || first === last) return readable(first);
      if (sameDay(first, last)) return `${day(first)} ${clock(first)}–${clock(last)}`;
      return `${day(first)} ${clock(first)} – ${day(last) === "" ? "" : `${day(last)} `}${clock(last)}`;
    };
    const text = new Map(list.map((entry) => {
      const { is } = entry;
      return [entry, [is.rank, is.id, is.kind, side(is.source, is.sources), target(is), when(is), ...(is.why ?? []), is.hint].filter((x) => x !== null && x !== undefined).join(" ").toLowerCase()];
    }));
    const isFault = ({ is }) => is.kind === "data";
    const columns = [
      { name: "rank", value: (e) => e.is.rank, show: (e) => (isFault(e) ? "!" : e.is.rank === null ? "–" : String(e.is.rank)), className: "fixed", up: true },
      { name: "sev", value: (e) => (isFault(e) ? null : e.is.severity), show: (e) => (isFault(e) ? "data" : severityCell(e.is.severity)), className: "fixed" },
      { name: "flows", value: (e) => e.is.flows, show: (e) => (e.is.flows === null ? "–" : count(e.is.flows)), className: "number", unit: "flows" },
      { name: "from → to", value: (e) => `${side(e.is.source, e.is.sources)} ${target(e.is)}`, show: (e) => with_(element("span"), element("strong", side(e.is.source, e.is.sources)), " → ", element("strong", target(e.is))), className: "sides", up: true },
      { name: "when, UTC", value: (e) => e.is.first, show: (e) => when(e.is), className: "", up: true },
      { name: "why it is odd", value: (e) => (e.is.why ?? []).join(", "), show: (e) => {
        const cell = with_(element("span"), (e.is.why ?? []).join(", ") || "not known");
        if (e.is.hint && e.is.hint !== "unclear") with_(cell, element("br"), element("span", `hint: ${e.is.hint}`, "hint"));
        return cell;
      }, className: "why", up: true },
    ];
    const detail = (entry) => {
      const { is, rows } = entry;
      const told = [
        ["why", (is.why ?? []).join(", ") || "not known"],
        ["hint", is.hint ? `${is.hint} (a heuristic, not a verdict)` : null],
        ["kind", is.kind],
        ["first, last", is.first ? `${readable(is.first)} to ${readable(is.last ?? is.first)} UTC` : null],
        ["duration", is.duration === null ? null : typeof is.duration === "number" ? `${short(is.duration)} s` : String(is.duration)],
        ["finding", is.id],
      ].filter(([, value]) => value !== null && value !== undefined);
      const nodes = [facts(told)];
      if (rows.length) {
        const { varying, same } = flows.telling(rows);
        const holder = element("div");
        const all = is.flows ?? rows.length;
        table(holder, {
          columns: rowColumns(flows, varying.slice(0, 12)),
          rows,
          page: 20,
          className: "cells",
          caption: rows.length < all ? `The first ${rows.length} of ${plural(all, "flow")}` : plural(rows.length, "flow"),
        });
        nodes.push(holder);
        if (same.length && rows.length > 1) nodes.push(with_(element("details"), element("summary", `The same in all ${rows.length}`), facts(same)));
        else if (same.length) nodes.push(facts(same));
      } else nodes.push(element("p", "None of its flows is inside this page.", "faint"));
      return nodes;
    };
    byId("findings").hidden = false;
    const total = data.findings.total;
    byId("findings-note").textContent = [data.findings.note, total > list.length && `The first ${count(list.length)} of ${count(total)}; all are in the manifest.`, "Open a finding to see its first flows."].filter(Boolean).join(" ");
    table(byId("findings-table"), {
      columns, rows: list, page: 25, expand: detail, stacked: true, sort: { column: 0, up: true },
      filter: (words) => list.filter((entry) => words.every((word) => text.get(entry).includes(word))),
    });
  }

  // ---- When ----
  const inColours = [["var(--bar)", "all flows"], ["var(--odd)", "flagged"]];
  if (time) {
    byId("timeline").hidden = false;
    const mount = byId("timeline-chart");
    const n = time.spells.length;
    const all = time.spells.map(([flows_]) => flows_).filter(Boolean).sort((a, b) => a - b);
    const logarithmic = all.length > 0 && all[all.length - 1] > 12 * all[Math.floor(all.length / 2)];
    const length = n * time.seconds;
    const steps = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 7776000, 31536000];
    const ticks = (iw) => {
      const step = steps.find((s) => s >= length / (iw / 84)) ?? 31536000;
      const out = [];
      for (let at = Math.ceil(time.from / step) * step; at <= time.from + length; at += step) {
        const iso = moment(at);
        const text = step >= 86400 ? day(iso).slice(step >= 2592000 ? 0 : 5) : iso.slice(11, 19) === "00:00:00" ? day(iso).slice(5) : step < 60 ? iso.slice(11, 19) : clock(iso);
        out.push({ at: (at - time.from) / length, text });
      }
      return out;
    };
    const spell = (at) => {
      const [from, to] = [moment(time.from + at * time.seconds), moment(time.from + (at + 1) * time.seconds)];
      const end = time.seconds < 60 ? to.slice(11, 19) : clock(to);
      return time.seconds >= 86400 ? day(from) : `${day(from)} ${time.seconds < 60 ? from.slice(11, 19) : clock(from)}–${end}`;
    };
    const stray = time.before + time.after;
    legend(mount, inColours);
    bars(mount, {
      label: "flows and flagged flows by their start",
      bins: time.spells,
      xTicks: ticks,
      logarithmic,
      told: (at) => `${spell(at)} UTC: ${plural(time.spells[at][0], "flow")}, ${count(time.spells[at][1])} flagged`,
      summary: `Flows by their start, by the ${time.unit}, UTC${logarithmic ? "; heights are logarithmic" : ""}.${stray ? ` ${plural(stray, "flow")} began long before or after and ${stray === 1 ? "is" : "are"} not drawn.` : ""}`,
    });
  }

  // ---- Scores ----
  const scores = data.scores;
  if (scores.bars?.length) {
    byId("scores").hidden = false;
    const mount = byId("scores-chart");
    const [low, high] = [scores.bars[0][0], scores.bars[scores.bars.length - 1][1]];
    const scale = (x) => (scores.logarithmic ? Math.log(x) : x);
    const share = (x) => (high > low ? (scale(x) - scale(low)) / (scale(high) - scale(low)) : 0.5);
    const inside = (x) => x >= low && x <= high;
    const marks = scores.marks.filter(([, score]) => inside(score)).map(([severity, score]) => ({ at: share(score), text: `sev ${severity}`, className: "mark", score }));
    if (scores.threshold !== null && inside(scores.threshold)) {
      const near = marks.findIndex((mark) => Math.abs(mark.at - share(scores.threshold)) < 0.01);
      if (near >= 0) marks.splice(near, 1);
      marks.push({ at: share(scores.threshold), text: `threshold ${short(scores.threshold)}`, className: "threshold", score: scores.threshold });
    }
    marks.sort((a, b) => a.at - b.at);
    const edges = [low, ...scores.marks.map(([, score]) => Math.min(Math.max(score, low), high)), high];
    const band = scores.marks.length === 3 ? edges.slice(1).map((to, at) => ({ from: share(edges[at]), to: share(to), color: head.palette.severities[at] })) : null;
    const ticks = (iw) => {
      if (!scores.logarithmic) return niceTicks(low, high, Math.max(2, Math.floor(iw / 90))).map((x) => ({ at: share(x), text: String(x) }));
      const out = [];
      for (let power = Math.ceil(Math.log10(low) - 1e-9); 10 ** power <= high * 1.000001; power++) out.push({ at: share(10 ** power), text: power > 4 || power < -3 ? `1e${power}` : String(10 ** power) });
      return out;
    };
    legend(mount, inColours);
    bars(mount, {
      label: "scores of all flows and of those that are flagged, counts by their logarithm",
      bins: scores.bars.map(([, , all, odd]) => [all, odd]),
      xTicks: ticks,
      marks,
      band,
      logarithmic: true,
      told: (at) => `score ${short(scores.bars[at][0])}–${short(scores.bars[at][1])}: ${plural(scores.bars[at][2], "flow")}, ${count(scores.bars[at][3])} flagged`,
      summary: `Scores: larger is odder. Counts are logarithmic. ${scores.byFindings
        ? "Flows are flagged by the finding they are in, so common scores may be flagged too."
        : scores.threshold !== null ? `Flagged above ${short(scores.threshold)}${scores.rule ? ` (${scores.rule})` : ""}.` : ""}`,
    });
    const names = ["up to 0.3", "0.3–0.7: one in ten", "0.7–0.9: one in a hundred", "above 0.9: one in a thousand"];
    const most = Math.max(1, ...scores.tiers.map(([all]) => all));
    table(byId("tiers"), {
      caption: "Severity: how rare a score is among the training scores",
      rows: [3, 2, 1, 0],
      page: 4,
      columns: [
        { name: "severity", value: (at) => at, show: (at) => { const dot = element("span", undefined, "dot"); dot.style.background = head.palette.severities[at]; return with_(element("span"), dot, names[at]); } },
        { name: "flows", value: (at) => scores.tiers[at][0], show: (at) => count(scores.tiers[at][0]), className: "number" },
        { name: "flagged", value: (at) => scores.tiers[at][1], show: (at) => count(scores.tiers[at][1]), className: "number" },
        { name: "", value: (at) => scores.tiers[at][0], show: (at) => {
          const bar = element("div", undefined, "share");
          const part = element("i");
          part.style.width = `${100 * logged(scores.tiers[at][0], most)}%`;
          part.style.background = head.palette.severities[at];
          return with_(bar, part);
        } },
      ],
    });
  }

  // ---- Hosts and services ----
  const words = (cells) => cells.filter((x) => x !== null).join(" ").toLowerCase();
  const { hosts, services } = data;
  if (hosts?.rows.length || services.rows.length) byId("who").hidden = false;
  if (hosts?.rows.length) {
    const total = hosts.total > hosts.rows.length ? `: the first ${count(hosts.rows.length)} of ${count(hosts.total)}` : "";
    table(byId("hosts"), {
      caption: `Sources by the day${total}`,
      rows: hosts.rows,
      page: 15,
      filter: (wanted) => hosts.rows.filter((row) => wanted.every((word) => words(row.slice(0, 3)).includes(word))),
      columns: [
        { name: "best finding", value: (r) => r[0], show: (r) => (r[0] === null ? "–" : `#${r[0]}`), className: "fixed", up: true },
        { name: "source", value: (r) => r[1], show: (r) => r[1], className: "address", up: true },
        { name: "day", value: (r) => r[2], show: (r) => r[2], className: "fixed", up: true },
        { name: "flows", value: (r) => r[3], show: (r) => count(r[3]), className: "number" },
        { name: "ports", value: (r) => r[4], show: (r) => count(r[4]), className: "number" },
        { name: "hosts", value: (r) => r[5], show: (r) => count(r[5]), className: "number" },
        { name: "failed", value: (r) => r[6], show: (r) => percent(r[6]), className: "number" },
        { name: "out", value: (r) => r[7], show: (r) => bytes(r[7]), className: "number" },
        { name: "beat", value: (r) => r[8], show: (r) => (r[8] > 0 ? r[8].toFixed(2) : "–"), className: "number" },
      ],
    });
  }
  if (services.rows.length) {
    const total = services.total > services.rows.length ? `: the first ${count(services.rows.length)} of ${count(services.total)}` : "";
    table(byId("services"), {
      caption: `Services by flagged flows${total}`,
      rows: services.rows,
      page: 15,
      filter: (wanted) => services.rows.filter((row) => wanted.every((word) => words(row.slice(0, 1)).includes(word))),
      columns: [
        { name: "service", value: (r) => r[0], show: (r) => r[0], up: true },
        { name: "flows", value: (r) => r[1], show: (r) => count(r[1]), className: "number" },
        { name: "flagged", value: (r) => r[2], show: (r) => count(r[2]), className: "number" },
        { name: "share", value: (r) => r[2] / r[1], show: (r) => percent(r[2] / r[1]), className: "number" },
        { name: "oddest", value: (r) => r[3], show: (r) => severityCell(r[3]), className: "fixed" },
      ],
    });
  }

  // ---- Labels ----
  const { quality } = data;
  if (quality) {
    byId("quality").hidden = false;
    const m = quality.measures;
    const three = (x) => (x === null ? "–" : x.toFixed(3));
    byId("quality-note").textContent = `Column “${quality.label}”: ${count(m.positives)} of ${count(m.positives + m.negatives)} labelled flows are anomalous. AUROC ${three(m.auroc)}, average precision ${three(m.average_precision)}; at the verdict: precision ${three(m.precision)}, recall ${three(m.recall)}, F1 ${three(m.f1)}.`;
    const { curves } = quality;
    if (curves) {
      const [roc, pr] = [element("div"), element("div")];
      byId("curves").append(roc, pr);
      const v = curves.verdict;
      curve(roc, { title: "ROC", points: curves.roc, chance: [[0, 0], [1, 1]], dot: v && [v[0], v[1]], x: "false positive rate", y: "recall" });
      curve(pr, { title: "Precision and recall", points: curves.precision_recall, chance: [[0, curves.share], [1, curves.share]], dot: v && [v[1], v[2]], x: "recall", y: "precision" });
    }
  }

  // ---- Drift ----
  const { drift } = data;
  if (drift && (drift.columns?.length || drift.score)) {
    byId("drift").hidden = false;
    const rows = [...(drift.score ? [{ ...drift.score, name: "score" }] : []), ...(drift.columns ?? [])];
    const three = (x) => (x === null || x === undefined ? "–" : x.toFixed(3));
    byId("drift-note").textContent = `Compared are ${drift.against ?? "all rows against all training rows"}. PSI (population stability index): below 0.1 little, above 0.25 a lot. KS (Kolmogorov–Smirnov): the largest difference of the two distributions, 0 to 1.`;
    table(byId("drift-table"), {
      rows, page: 25, sort: { column: 1, up: false },
      columns: [
        { name: "column", value: (r) => r.name, show: (r) => r.name, up: true },
        { name: "PSI", value: (r) => r.psi, show: (r) => three(r.psi), className: "number" },
        { name: "KS", value: (r) => r.ks, show: (r) => three(r.ks), className: "number" },
        { name: "", value: (r) => r.psi, show: (r) => {
          const part = element("i");
          part.style.width = `${Math.min(100, 200 * (r.psi ?? 0))}%`;
          part.style.background = r.psi > 0.25 ? "var(--odd)" : r.psi > 0.1 ? "var(--warn)" : "var(--bar)";
          return with_(element("div", undefined, "share"), part);
        } },
        { name: "what changed", value: (r) => r.change ?? "", show: (r) => r.change ?? "", up: true },
      ],
    });
  }

  // ---- Map ----
  if (data.map) drawMap(data.map);
  function drawMap(map) {
    byId("map").hidden = false;
    const source = cellsOf(map.rows);
    const points = map.x.map((x, row) => ({ x, y: map.y[row], row })).filter(({ x, y }) => x !== null && y !== null);
    byId("map-note").textContent = `${plural(points.length, "flow")}, near each other where they are alike (${map.rows.head.described}). Point at one to see it.`;
    const view = byId("map-view");
    const left = element("div");
    const aside = element("aside");
    legend(left, [...head.palette.severities.map((color, at) => [color, ["severity up to 0.3", "0.3–0.7", "0.7–0.9", "above 0.9"][at]])].reverse());
    view.append(left, aside);
    const show = (row) => aside.replaceChildren(row === null
      ? element("p", "Point at a flow to see it; click to keep it.", "faint")
      : facts([["severity", severityText(source.severity(row))], ["flagged", source.isOdd(row) ? "yes" : "no"], ...source.names.map((name, at) => [name, display(source.cell(at, row))]).filter(([, value]) => value !== "–")]));
    show(null);
    const range = (of) => points.reduce(([low, high], p) => [Math.min(low, p[of]), Math.max(high, p[of])], [Infinity, -Infinity]);
    const [[x0, x1], [y0, y1]] = [range("x"), range("y")];
    let kept = null;
    chart(left, (w) => {
      const height = Math.round(Math.min(560, w * 0.75));
      const unit = Math.min((w - 32) / (x1 - x0 || 1), (height - 32) / (y1 - y0 || 1));
      const px = (p) => w / 2 + (p.x - (x0 + x1) / 2) * unit;
      const py = (p) => height / 2 - (p.y - (y0 + y1) / 2) * unit;
      const svg = shape("svg", { viewBox: `0 0 ${w} ${height}`, role: "img", "aria-label": "map of flows: near ones are alike" });
      const size = Math.max(2.2, Math.min(6, (0.25 * Math.sqrt(w * height)) / Math.sqrt(points.length)));
      // The oddest lie on top.
      const groups = [null, ...head.palette.severities].map((color) => ({ color: color ?? head.palette.other, d: "" }));
      for (const p of points) {
        const severity = source.severity(p.row);
        const group = severity === null ? groups[0] : groups[1 + head.palette.steps.filter((step) => severity > step).length];
        group.d += `M${px(p).toFixed(1)},${py(p).toFixed(1)}h.01`;
      }
      groups.forEach(({ color, d }, at) => d && svg.append(shape("path", { d, fill: "none", stroke: color, "stroke-linecap": "round", "stroke-width": size * (at > 2 ? 1.5 : 1), "stroke-opacity": 0.8 })));
      const ring = shape("circle", { r: size + 3, fill: "none", stroke: "var(--text)", "stroke-width": 1.5, visibility: "hidden" });
      svg.append(ring);
      const nearest = (event) => {
        const box = svg.getBoundingClientRect();
        const [x, y] = [((event.clientX - box.left) * w) / box.width, ((event.clientY - box.top) * height) / box.height];
        let best = null;
        let least = 15 ** 2;
        for (const p of points) {
          const distance = (px(p) - x) ** 2 + (py(p) - y) ** 2;
          if (distance < least) [best, least] = [p, distance];
        }
        return best;
      };
      const choose = (p) => {
        ring.setAttribute("visibility", p ? "visible" : "hidden");
        if (p) { ring.setAttribute("cx", px(p)); ring.setAttribute("cy", py(p)); }
        show(p ? p.row : null);
      };
      svg.addEventListener("pointermove", (event) => { if (!kept) choose(nearest(event)); });
      svg.addEventListener("click", (event) => { const p = nearest(event); kept = p && p !== kept ? p : null; choose(kept ?? p); });
      return svg;
    });
  }

  // ---- Capture ----
  const capture = data.capture;
  if (faults !== null || capture.facts.length) {
    byId("capture").hidden = false;
    for (const fault of faults ?? []) byId("faults").append(element("li", fault));
    if (faults !== null && !faults.length) byId("faults").append(element("li", "No fault of the capture was found: no contradictions, silent hours or flows logged twice.", "fine"));
    if (capture.facts.length) byId("capture-facts").append(facts(capture.facts));
  }

  // ---- Flows ----
  {
    const every = Array.from({ length: flows.n }, (_, row) => row);
    const { varying, same } = every.length ? flows.telling(every) : { varying: [], same: [] };
    const mount = byId("flows-table");
    const inside = every.length < data.rows.head.all
      ? `${count(every.length)} of ${count(data.rows.head.all)} rows are inside: the first of each finding, then flagged ones by severity, then others drawn at random.`
      : every.length ? `All ${plural(every.length, "row")}.` : "The scored file has no rows.";
    byId("flows-note").textContent = inside + (same.length && every.length > 1 ? ` The same in all: ${same.slice(0, 12).map(([name, value]) => `${name} ${value}`).join(", ")}.` : "");
    const few = 12;
    let allColumns = false;
    // A text is looked for among the distinct values of each column, which are far fewer than cells.
    const filter = (wanted) => {
      const hits = wanted.map((word) => {
        const found = new Uint8Array(flows.n);
        flows.columns.forEach((column) => {
          if (Array.isArray(column)) column.forEach((value, row) => { if (!found[row] && value !== null && String(value).includes(word)) found[row] = 1; });
          else {
            const matching = column.texts.map((text) => text.toLowerCase().includes(word));
            column.rows.forEach((place, row) => { if (place >= 0 && matching[place]) found[row] = 1; });
          }
        });
        return found;
      });
      return every.filter((row) => hits.every((found) => found[row]));
    };
    const draw = () => {
      mount.replaceChildren();
      const extra = [];
      if (varying.length > few) {
        const box = element("input");
        box.type = "checkbox";
        box.checked = allColumns;
        box.addEventListener("change", () => { allColumns = box.checked; draw(); });
        extra.push(with_(element("label"), box, `all ${varying.length} columns`));
      }
      const drawn = table(mount, { columns: rowColumns(flows, allColumns ? varying : varying.slice(0, few)), rows: every, page: 25, sort: { column: 1, up: false }, filter, className: "cells", extra });
      window.oddflow.flows = drawn;
    };
    window.oddflow = { n: flows.n };
    draw();
    // Where nothing is grouped, the oddest flows are what was found.
    if (!byFindings) {
      byId("flows").querySelector("h2").textContent = "The oddest flows";
      byId("tiles").after(byId("flows"));
    } else byId("flows").classList.add("unprinted");
  }

  // ---- How this was made ----
  const made = byId("provenance");
  if (head.provenance.length) made.append(facts(head.provenance));
  if (head.inputs.length) {
    // On paper the first of them are enough: the manifest has them all.
    const [first, all] = [8, data.head.counts.inputs ?? head.inputs.length];
    const list = element("div");
    list.id = "inputs";
    list.append(element("h3", "Inputs"), facts(head.inputs.slice(0, first)));
    if (head.inputs.length > first) {
      const rest = facts(head.inputs.slice(first));
      rest.classList.add("unprinted");
      list.append(rest, element("p", `and ${count(all - first)} more: see the manifest`, "faint printed"));
    }
    made.append(list);
  }
  made.append(facts([["this page", `oddflow ${head.version}`], ["made by", head.madeBy]]));

  // ---- Sections, theme, print ----
  for (const section of document.querySelectorAll("main > section:not([hidden])")) {
    const link = element("a", section.querySelector("h2").textContent);
    link.href = `#${section.id}`;
    byId("nav").append(with_(element("li"), link));
  }
  const theme = (name) => { root.dataset.theme = name; };
  const preferred = matchMedia("(prefers-color-scheme: dark)");
  theme(preferred.matches ? "dark" : "light");
  preferred.addEventListener("change", (event) => theme(event.matches ? "dark" : "light"));
  byId("theme").addEventListener("click", () => theme(root.dataset.theme === "dark" ? "light" : "dark"));
  byId("print").addEventListener("click", () => print());
  // On paper charts have the paper's width.
  matchMedia("print").addEventListener("change", () => charts.forEach((redraw) => redraw()));
  root.dataset.ready = String(Math.round(performance.now()));
})();
