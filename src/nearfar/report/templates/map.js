// The map: every example a dot or its picture; the one pointed at is read out beside, with lines to its nearest. Its
// picture or its text stands beside the dot.

function drawMap(map, thumbs) {
  const canvas = document.getElementById("plane"), context = canvas.getContext("2d");
  const reading = document.getElementById("reading"), legend = document.getElementById("legend");
  const sprite = document.getElementById("sprite"), picturesButton = document.getElementById("pictures");
  const tip = document.getElementById("tip"), lines = map.texts && !thumbs;
  const count = map.ids.length, hidden = new Set(), margin = 26;
  const label = i => map.label ? map.label[i] : -1;
  const className = value => value < 0 ? "unlabelled" : map.names[value] ?? `class ${value}`;
  let side = 0, zoom = 1, shiftX = 0, shiftY = 0, active = map.start, kept = null, bright = null, pictures = false, colours = {};

  const place = i => [
    margin + (map.x[i] / 10000) * (side - 2 * margin) * zoom + shiftX,
    margin + (map.y[i] / 10000) * (side - 2 * margin) * zoom + shiftY,
  ];
  const shows = i => !hidden.has(label(i));
  const tint = value => value < 0 ? (map.label ? colours.quiet : colours.accent) : colours.classes[value % 10];
  const shape = value => value < 0 ? 0 : Math.floor(value / 10) % 4;
  function readColours() {
    const style = getComputedStyle(document.documentElement), get = name => style.getPropertyValue(name).trim();
    colours = { paper: get("--paper"), ink: get("--ink"), quiet: get("--quiet"), accent: get("--accent"), classes: [...Array(10).keys()].map(k => get(`--class-${k}`)) };
  }

  function mark(x, y, r, value) {
    context.beginPath();
    if (shape(value) === 0) context.arc(x, y, r, 0, 7);
    else if (shape(value) === 1) context.rect(x - r * .9, y - r * .9, r * 1.8, r * 1.8);
    else if (shape(value) === 2) { context.moveTo(x, y - r * 1.2); context.lineTo(x + r * 1.15, y + r); context.lineTo(x - r * 1.15, y + r); context.closePath(); }
    else { context.moveTo(x, y - r * 1.3); context.lineTo(x + r * 1.3, y); context.lineTo(x, y + r * 1.3); context.lineTo(x - r * 1.3, y); context.closePath(); }
  }
  function tile(target, i, x, y, size) {
    const t = thumbs.tile;
    target.drawImage(sprite, (i % thumbs.columns) * t, Math.floor(i / thumbs.columns) * t, t, t, x, y, size, size);
  }
  function framed(i, x, y, size, line) {
    tile(context, i, x - size / 2, y - size / 2, size);
    context.lineWidth = line; context.strokeStyle = tint(label(i));
    context.strokeRect(x - size / 2, y - size / 2, size, size);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, side, side);
    context.imageSmoothingEnabled = !pictures || zoom < 3;
    const r = Math.max(2.2, side / 190) * Math.min(1.8, Math.sqrt(zoom)), size = Math.max(14, side / 36) * Math.min(3, Math.sqrt(zoom));
    for (let i = 0; i < count; i++) {
      if (!shows(i)) continue;
      const [x, y] = place(i);
      if (x < -40 || y < -40 || x > side + 40 || y > side + 40) continue;
      context.globalAlpha = bright !== null && label(i) !== bright ? .1 : pictures ? 1 : .82;
      if (pictures) framed(i, x, y, size, 1.5);
      else { mark(x, y, r, label(i)); context.fillStyle = tint(label(i)); context.fill(); }
    }
    context.globalAlpha = 1;
    if (tip) tip.hidden = true;
    if (active !== null && shows(active)) drawActive(r);
  }
  function drawActive(r) {
    const [x, y] = place(active);
    context.strokeStyle = colours.ink; context.lineWidth = 1;
    for (const other of map.neighbours[active]) {
      if (!shows(other)) continue;
      const [ox, oy] = place(other);
      context.globalAlpha = .55;
      context.beginPath(); context.moveTo(x, y); context.lineTo(ox, oy); context.stroke();
      context.globalAlpha = 1;
      mark(ox, oy, r + 1, label(other)); context.fillStyle = tint(label(other)); context.fill(); context.stroke();
    }
    mark(x, y, r + 2.5, label(active));
    context.fillStyle = tint(label(active)); context.fill();
    context.lineWidth = 2; context.strokeStyle = colours.ink; context.stroke();
    if (x < 0 || y < 0 || x > side || y > side) return;
    if (lines) tell(x, y);
    if (!thumbs) return;
    const size = 56, px = Math.min(side - size / 2 - 4, Math.max(size / 2 + 4, x)), above = y > size + 22;
    context.imageSmoothingEnabled = false;
    framed(active, px, above ? y - size / 2 - 14 : y + size / 2 + 14, size, 3);
  }

  // The text beside the dot, above it where there is room; never outside of the map.
  function tell(x, y) {
    tip.hidden = false;
    tip.firstElementChild.textContent = map.texts[active];
    const width = tip.offsetWidth, height = tip.offsetHeight, left = Math.min(side - width - 4, Math.max(4, x - width / 2));
    tip.style.transform = `translate(${left}px, ${y > height + 18 ? y - height - 14 : y + 14}px)`;
  }
  function worded(i) {
    const text = document.createElement("span");
    text.className = "words";
    text.dir = "auto";
    text.textContent = map.texts[i];
    return text;
  }

  function read(i) {
    active = i;
    draw();
    reading.hidden = i === null;
    if (i === null) return;
    const name = reading.querySelector(".name bdi"), swatch = reading.querySelector(".swatch"), list = reading.querySelector(".near");
    name.parentElement.hidden = !map.label;
    name.textContent = className(label(i));
    swatch.className = `swatch shape-${shape(label(i))}`;
    swatch.style.color = tint(label(i));
    reading.querySelector(".id").title = map.ids[i];
    reading.querySelector(".id bdi").textContent = map.ids[i];
    if (map.texts) reading.querySelector(":scope > .words").textContent = map.texts[i];
    const portrait = reading.querySelector(".portrait");
    if (portrait) { portrait.getContext("2d").clearRect(0, 0, 999, 999); tile(portrait.getContext("2d"), i, 0, 0, thumbs.tile); }
    list.replaceChildren(...map.neighbours[i].map((other, rank) => {
      const item = document.createElement("li"), same = map.label && label(i) >= 0 && label(i) === label(other);
      item.className = same ? "same" : "other";
      const name = map.texts ? map.texts[other] : map.ids[other], similarity = (map.similarities[i][rank] / 100).toFixed(2);
      item.title = map.label ? `${name}, ${className(label(other))}` : name;
      if (thumbs) {
        const small = document.createElement("canvas");
        small.width = small.height = thumbs.tile;
        small.setAttribute("role", "img");
        small.setAttribute("aria-label", item.title);
        tile(small.getContext("2d"), other, 0, 0, thumbs.tile);
        item.append(small);
      } else if (lines) {
        const cosine = document.createElement("span");
        cosine.className = "cosine";
        cosine.textContent = similarity;
        item.append(cosine, worded(other));
        return item;
      } else item.append(map.ids[other]);
      const bar = document.createElement("span");
      bar.className = "bar";
      item.append(bar, similarity);
      return item;
    }));
  }

  function nearestTo(x, y, reach) {
    let best = null, least = reach * reach;
    for (let i = 0; i < count; i++) {
      if (!shows(i)) continue;
      const [px, py] = place(i), d = (px - x) ** 2 + (py - y) ** 2;
      if (d < least) { least = d; best = i; }
    }
    return best;
  }
  function onward(dx, dy) {
    const [x, y] = active === null ? [side / 2, side / 2] : place(active);
    let best = null, least = Infinity;
    for (let i = 0; i < count; i++) {
      if (i === active || !shows(i)) continue;
      const [px, py] = place(i), along = (px - x) * dx + (py - y) * dy, across = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
      if (along > 0.5 && along + 2.5 * across < least) { least = along + 2.5 * across; best = i; }
    }
    if (best !== null) { kept = best; read(best); }
  }
  function zoomTo(factor, x = side / 2, y = side / 2) {
    const next = Math.min(16, Math.max(1, zoom * factor)), scale = next / zoom;
    shiftX = (x - margin) * (1 - scale) + shiftX * scale;
    shiftY = (y - margin) * (1 - scale) + shiftY * scale;
    zoom = next;
    pan(0, 0);
  }
  function pan(dx, dy) {
    const room = (side - 2 * margin) * (zoom - 1), hold = value => Math.max(-room, Math.min(0, value));
    shiftX = hold(shiftX + dx); shiftY = hold(shiftY + dy);
    canvas.style.touchAction = zoom > 1 ? "none" : "pan-y";
    draw();
  }

  const centre = () => {
    const [x, y] = active === null ? [-1, -1] : place(active);
    return x < 0 || y < 0 || x > side || y > side ? [side / 2, side / 2] : [x, y];
  };

  let drag = null;
  canvas.addEventListener("pointerdown", event => { canvas.setPointerCapture(event.pointerId); drag = { x: event.offsetX, y: event.offsetY, moved: false }; });
  canvas.addEventListener("pointermove", event => {
    if (drag && zoom > 1 && (drag.moved || Math.hypot(event.offsetX - drag.x, event.offsetY - drag.y) > 4)) {
      pan(event.offsetX - drag.x, event.offsetY - drag.y);
      drag = { x: event.offsetX, y: event.offsetY, moved: true };
      return;
    }
    const found = nearestTo(event.offsetX, event.offsetY, 24);
    if (found !== null && found !== active) read(found);
  });
  canvas.addEventListener("pointerup", event => {
    if (drag && !drag.moved) { const found = nearestTo(event.offsetX, event.offsetY, 32); if (found !== null) { kept = found; read(found); } }
    drag = null;
  });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("pointerleave", () => { drag = null; if (kept !== null && kept !== active) read(kept); });
  canvas.addEventListener("dblclick", event => zoomTo(2, event.offsetX, event.offsetY));
  canvas.addEventListener("wheel", event => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomTo(Math.exp(-event.deltaY / 200), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", event => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (moves[event.key]) onward(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") zoomTo(1.5, ...centre());
    else if (event.key === "-") zoomTo(1 / 1.5, ...centre());
    else return;
    event.preventDefault();
  });
  document.getElementById("zoom-in").addEventListener("click", () => zoomTo(1.5, ...centre()));
  document.getElementById("zoom-out").addEventListener("click", () => zoomTo(1 / 1.5, ...centre()));
  document.getElementById("zoom-reset").addEventListener("click", () => zoomTo(0));
  if (picturesButton) picturesButton.addEventListener("click", () => {
    pictures = !pictures;
    picturesButton.setAttribute("aria-pressed", pictures);
    draw();
  });

  function fillLegend() {
    const sizes = new Map();
    for (let i = 0; i < count; i++) sizes.set(label(i), (sizes.get(label(i)) || 0) + 1);
    if (!map.label || sizes.size < 2) return;
    const values = [...sizes.keys()].sort((a, b) => (a < 0) - (b < 0) || a - b);
    legend.replaceChildren(...values.map(value => {
      const button = document.createElement("button"), swatch = document.createElement("span"), name = document.createElement("bdi"), size = document.createElement("small");
      button.type = "button";
      button.setAttribute("aria-pressed", !hidden.has(value));
      swatch.className = `swatch shape-${shape(value)}`;
      swatch.style.color = tint(value);
      name.textContent = className(value);
      size.textContent = sizes.get(value);
      button.title = className(value);
      button.append(swatch, name, size);
      button.addEventListener("click", () => {
        hidden.has(value) ? hidden.delete(value) : hidden.add(value);
        button.setAttribute("aria-pressed", !hidden.has(value));
        draw();
      });
      const light = on => () => { bright = on && !hidden.has(value) ? value : null; draw(); };
      button.addEventListener("pointerenter", light(true));
      button.addEventListener("pointerleave", light(false));
      return button;
    }));
  }
  function fit() {
    const width = canvas.clientWidth, ratio = window.devicePixelRatio || 1;
    if (!width || width === side) return;
    const scale = side ? (width - 2 * margin) / (side - 2 * margin) : 1;
    shiftX *= scale; shiftY *= scale; side = width;
    canvas.style.height = `${width}px`;
    canvas.width = canvas.height = Math.round(width * ratio);
    draw();
  }
  readColours();
  const start = () => { readColours(); fillLegend(); fit(); read(active); };
  new ResizeObserver(fit).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", start);
  sprite ? sprite.decode().then(start, start) : start();
}
