// Curves: one small SVG a quantity, drawn in real pixels so that text never scales; all share one reading.

const svgNode = (name, attributes, text) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};

const short = (value, format) => {
  if (value === null || value === undefined) return "\u2013";
  if (format === "percent") return (100 * value).toFixed(1) + "\u00a0%";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  if (size !== 0 && size < 0.001) return value.toExponential(1).replace("-", "\u2212");
  return String(Number(value.toPrecision(3)));
};

const niceTicks = (low, high, most) => {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(f => f * power).find(s => s >= rough - 1e-12);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9) + 0; k * step <= high + step * 1e-9; k++) ticks.push(k * step);
  return ticks;
};

function nearestIndex(sorted, value) {
  let low = 0, high = sorted.length - 1;
  while (low < high) { const middle = (low + high) >> 1; sorted[middle] < value ? (low = middle + 1) : (high = middle); }
  return low > 0 && value - sorted[low - 1] < sorted[low] - value ? low - 1 : low;
}

function drawCurves(groups) {
  const lastStep = Math.max(...groups.flatMap(([, panels]) => panels.map(panel => panel.step.at(-1))));
  const charts = groups.flatMap(([host, panels]) => panels.map(panel => {
    const chart = makeCurve(panel, panel.key === "loss");
    host.append(chart.figure);
    return chart;
  }));

  function read(step) { charts.forEach(chart => chart.read(step)); }
  function makeCurve(panel, isMain) {
    const figure = document.createElement("div"), head = document.createElement("h3"), output = document.createElement("output");
    const label = document.createElement("span"), svg = svgNode("svg", { "aria-hidden": "true" });
    figure.className = "curve";
    figure.tabIndex = 0;
    figure.setAttribute("role", "group");
    figure.setAttribute("aria-label", `${panel.title} over ${lastStep} steps: arrow keys read it`);
    label.textContent = panel.title;
    output.setAttribute("aria-live", "off");
    head.append(label, output);
    figure.append(head, svg);

    const references = panel.references || [];
    const all = [panel.raw, ...references.map(line => line.values)].flat().filter(v => v !== null);
    let low = Math.min(...all), high = Math.max(...all);
    if (panel.key === "learning_rate") low = Math.min(low, 0);
    const spare = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
    low = low === 0 ? 0 : low - spare; high += spare;
    let x, y, cursor, spot, at = panel.step.length - 1;

    function draw() {
      const width = svg.clientWidth, height = isMain ? 300 : 150;
      if (!width) return;
      const left = 44, right = references.length ? 60 : 8, top = panel.bands && panel.bands.length ? 20 : 6, bottom = 22;
      x = step => left + (step / lastStep) * (width - left - right);
      y = value => top + (high - value) / (high - low) * (height - top - bottom);
      svg.setAttribute("height", height);
      svg.replaceChildren();
      for (const band of panel.bands || []) drawBand(band, top, height - bottom);
      for (const tick of niceTicks(low, high, isMain ? 6 : 3)) {
        svg.append(svgNode("line", { class: "rule", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }));
        svg.append(svgNode("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, short(tick, panel.format === "percent" ? "percent" : "number").replace(/\.0(?=\u00a0%)/, "")));
      }
      for (const tick of niceTicks(0, lastStep, Math.max(2, Math.floor(width / 130)))) {
        const edge = x(tick) > width - right - 14;
        svg.append(svgNode("text", { x: edge ? width - right : x(tick), y: height - 4, "text-anchor": edge ? "end" : tick === 0 ? "start" : "middle" }, (tick === 0 ? "step " : "") + tick.toLocaleString("en")));
      }
      const path = values => values.map((v, k) => v === null ? "" : `${k === 0 || values[k - 1] === null ? "M" : "L"}${x(panel.step[k]).toFixed(1)},${y(v).toFixed(1)}`).join("");
      for (const line of references) {
        svg.append(svgNode("path", { class: `reference ${line.name}`, d: path(line.values) }));
        const last = line.values.findLast(v => v !== null);
        svg.append(svgNode("text", { class: line.name, x: width - right + 6, y: y(last) + 4 }, line.name));
      }
      if (panel.smooth) svg.append(svgNode("path", { class: "raw", d: path(panel.raw) }));
      svg.append(svgNode("path", { class: "smooth", d: path(panel.smooth || panel.raw) }));
      cursor = svgNode("line", { class: "cursor", y1: top, y2: height - bottom, visibility: "hidden" });
      spot = svgNode("circle", { class: "spot", r: 4.5 });
      svg.append(cursor, spot);
      show(false);
    }
    function drawBand(band, top, bottom) {
      const from = x(band.from), width = Math.max(1, x(Math.min(band.to, lastStep)) - from), attributes = { "data-state": band.state, x: from, width };
      svg.append(svgNode("rect", { ...attributes, class: "band", y: top, height: bottom - top }));
      svg.append(svgNode("rect", { ...attributes, class: "band edge", y: top, height: 3 }));
      if (width > 8 * band.state.length) svg.append(svgNode("text", { class: "band-name", x: from, y: top - 6 }, band.state));
    }
    function show(withCursor) {
      if (!spot) return;
      const step = panel.step[at], value = panel.raw[at];
      spot.setAttribute("cx", x(step)); spot.setAttribute("cy", y(value));
      cursor.setAttribute("x1", x(step)); cursor.setAttribute("x2", x(step));
      cursor.setAttribute("visibility", withCursor ? "visible" : "hidden");
      const strong = document.createElement("b");
      strong.textContent = short(value, panel.format);
      const where = ` at step ${step.toLocaleString("en")}`;
      const epoch = isMain && panel.epoch[at] !== null ? `, epoch ${panel.epoch[at].toFixed(1)}` : "";
      output.replaceChildren(strong, withCursor || isMain ? where + epoch : "");
    }
    const stepAt = event => (event.clientX - svg.getBoundingClientRect().left - x(0)) / (x(lastStep) - x(0)) * lastStep;
    svg.addEventListener("pointermove", event => read(stepAt(event)));
    svg.addEventListener("pointerdown", event => read(stepAt(event)));
    svg.addEventListener("pointerleave", () => read(null));
    figure.addEventListener("focus", () => output.setAttribute("aria-live", "polite"));
    figure.addEventListener("blur", () => { output.setAttribute("aria-live", "off"); read(null); });
    figure.addEventListener("keydown", event => {
      const stride = Math.max(1, Math.round(panel.step.length / 50));
      const move = { ArrowLeft: -stride, ArrowRight: stride, Home: -Infinity, End: Infinity }[event.key];
      if (!move) return;
      event.preventDefault();
      read(panel.step[Math.min(panel.step.length - 1, Math.max(0, at + move))]);
    });
    new ResizeObserver(draw).observe(svg);
    return { figure, read: step => { at = step === null ? panel.step.length - 1 : nearestIndex(panel.step, step); show(step !== null); } };
  }
}
