"use strict";
// Lets a reader switch the curves of a figure by arm and seed, and follow a walk in time. All data
// stand in the page; names are only ever set as text. Without this script the figures alone stand.
(() => {
  const SVG = "http://www.w3.org/2000/svg"; // a name: nothing is fetched
  const TRAIL = 40; // windows shown behind a position
  let clips = 0;

  const element = (name, settings = {}, ...inner) => {
    const made = document.createElement(name);
    Object.assign(made, settings);
    made.append(...inner);
    return made;
  };
  const drawn = (name, attributes = {}, text = "") => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  };
  const short = (value) => String(Number(value.toPrecision(4)));

  // Round steps between two numbers, some five; of a scale of powers of ten, 1, 2 and 5 of each.
  const ticks = (low, high, log) => {
    if (log) {
      const found = [];
      const few = high / low > 300 ? [1] : [1, 2, 5];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
        for (const digit of few) found.push(digit * 10 ** power);
      return found.filter((at) => at >= low * 0.999 && at <= high * 1.001);
    }
    const rough = (high - low) / 5 || 1;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((digit) => digit * unit >= rough);
    const found = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++)
      found.push(Number((n * step).toPrecision(12)));
    return found;
  };

  // A box that switches an arm, with the mark of its line.
  const toggles = (arms, changed) => {
    const off = new Set();
    const group = element("div", { className: "toggles" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "arms");
    arms.forEach((arm, number) => {
      const box = element("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        if (box.checked) off.delete(number);
        else off.add(number);
        changed();
      });
      const mark = drawn("svg", { width: 26, height: 10, "aria-hidden": "true" });
      mark.append(drawn("line", { x1: 0, x2: 26, y1: 5, y2: 5, "stroke-width": 2.5,
        stroke: arm.color, "stroke-dasharray": arm.dashes || "none" }));
      group.append(element("label", {}, box, mark, arm.name));
    });
    return [group, off];
  };

  const choice = (label, options, changed) => {
    const select = element("select", {},
      ...options.map(([value, name]) => element("option", { value, textContent: name })));
    select.addEventListener("change", changed);
    return [element("label", {}, label + " ", select), select];
  };

  const curves = (data, place) => {
    const every = data.panels.flatMap((panel) => panel.series.map((one) => one[1]));
    const seeds = [...new Set(every.filter((seed) => seed !== null))].sort((a, b) => a - b);
    const [group, off] = toggles(data.arms, () => redraw());
    const options = [["mean", "mean over seeds"], ["all", "every seed"],
      ...seeds.map((seed) => [String(seed), `seed ${seed}`])];
    const [asked, select] = choice("show", options, () => redraw());
    const said = element("output", { textContent: "\u00a0" });
    const panels = element("div", { className: "panels" });
    place.append(group, ...(seeds.length ? [asked] : []), panels, said);

    const isShown = ([arm, seed], alone) => {
      if (off.has(arm)) return false;
      if (alone.has(arm) || select.value === "all") return true;
      return select.value === "mean" ? seed === null : String(seed) === select.value;
    };

    const panel = (one) => {
      const withSeeds = new Set(one.series.filter((s) => s[1] !== null).map((s) => s[0]));
      const alone = new Set(one.series.map((s) => s[0]).filter((arm) => !withSeeds.has(arm)));
      const shown = one.series.filter((series) => isShown(series, alone)).map(([arm, seed, a, v]) => {
        const points = one.arrays[a].map((at, k) => [at, one.arrays[v][k]])
          .filter(([at, value]) => at !== null && value !== null && !(one.log && value <= 0));
        return { arm, seed, points };
      }).filter(({ points }) => points.length);
      const width = Math.max(260, Math.min(560, panels.clientWidth / Math.min(data.panels.length,
        Math.max(1, Math.floor(panels.clientWidth / 300))) - 12));
      const height = Math.round(width * 0.72);
      const [left, right, top, bottom] = [46, 16, 24, 38];
      const root = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height,
        role: "img", "aria-label": one.title });
      root.append(drawn("text", { x: left, y: 15, class: "title" }, one.title));
      if (!shown.length) return root;
      const ats = shown.flatMap(({ points }) => points.map(([at]) => at));
      const atEnds = [Math.min(...ats), Math.max(...ats)];
      // The last few per cent of a distribution would squash the rest of it.
      const until = one.sideways ? atEnds[0] + 0.965 * (atEnds[1] - atEnds[0]) : atEnds[1];
      const values = shown.flatMap(({ points }) =>
        points.filter(([at]) => at <= until).map(([, value]) => value));
      const least = Math.min(...values);
      const ends = [one.log || least < 0 ? least : 0, Math.max(...values) * (one.log ? 1 : 1.03)];
      const scale = (low, high, from, to, log) => {
        const of = log ? Math.log10 : (x) => x;
        const span = of(high) - of(low) || 1;
        return (x) => from + (to - from) * (of(x) - of(low)) / span;
      };
      const [across, up] = one.sideways ? [ends, atEnds] : [atEnds, ends];
      const [logX, logY] = [one.log && one.sideways, one.log && !one.sideways];
      const toX = scale(...across, left, width - right, logX);
      const toY = scale(...up, height - bottom, top, logY);
      for (const at of ticks(...across, logX)) {
        root.append(drawn("line", { x1: toX(at), x2: toX(at), y1: top, y2: height - bottom,
          class: "grid" }), drawn("text", { x: toX(at), y: height - bottom + 14,
          "text-anchor": "middle" }, short(at)));
      }
      for (const at of ticks(...up, logY)) {
        root.append(drawn("line", { x1: left, x2: width - right, y1: toY(at), y2: toY(at),
          class: "grid" }), drawn("text", { x: left - 5, y: toY(at) + 4,
          "text-anchor": "end" }, short(at)));
      }
      const [below, beside] = one.sideways ? [one.value, one.at] : [one.at, one.value];
      root.append(drawn("text", { x: (left + width - right) / 2, y: height - 5,
        "text-anchor": "middle" }, below), drawn("text", { x: -(top + height - bottom) / 2, y: 11,
        "text-anchor": "middle", transform: "rotate(-90)" }, beside));
      const clip = `clip${clips++}`;
      const area = drawn("clipPath", { id: clip });
      area.append(drawn("rect", { x: left, y: top - 2, width: width - left - right,
        height: height - top - bottom + 4 }));
      const lines = drawn("g", { "clip-path": `url(#${clip})` });
      const placed = [];
      for (const { arm, seed, points } of shown) {
        const at = points.map(([a, v]) => one.sideways ? [toX(v), toY(a)] : [toX(a), toY(v)]);
        const thin = select.value === "all" && seed !== null;
        lines.append(drawn("polyline", { points: at.map((p) => p.map((x) => x.toFixed(1))).join(" "),
          fill: "none", stroke: data.arms[arm].color, "stroke-width": thin ? 0.8 : 2,
          "stroke-dasharray": thin ? "none" : data.arms[arm].dashes || "none",
          opacity: thin ? 0.55 : 1 }));
        at.forEach((p, k) => placed.push([p, arm, seed, points[k]]));
      }
      const dot = drawn("circle", { r: 4, class: "dot", visibility: "hidden" });
      root.append(area, lines, dot);
      root.addEventListener("pointermove", (event) => {
        const box = root.getBoundingClientRect();
        const [x, y] = [event.clientX - box.left, event.clientY - box.top]
          .map((px) => px * width / box.width);
        const away = (entry) => (entry[0][0] - x) ** 2 + (entry[0][1] - y) ** 2;
        const near = placed.reduce((best, entry) => (away(entry) < away(best) ? entry : best));
        const [[atX, atY], arm, seed, [at, value]] = near;
        for (const [key, to] of [["cx", atX], ["cy", atY], ["visibility", "visible"]])
          dot.setAttribute(key, to);
        const who = data.arms[arm].name + (seed === null ? "" : `, seed ${seed}`);
        said.textContent = `${who}: ${one.value} ${short(value)}; ${one.at} ${short(at)}`;
      });
      return root;
    };
    const redraw = () => panels.replaceChildren(...data.panels.map(panel));
    return redraw;
  };

  const replay = (data, place) => {
    const [group, off] = toggles(data.arms, () => redraw());
    const names = data.traces.map((trace, number) => [String(number), trace.name]);
    const [asked, select] = choice("walk", names, () => start());
    const slider = element("input", { type: "range", min: 0, step: 1, value: 0 });
    slider.setAttribute("aria-label", "time of the walk");
    slider.addEventListener("input", () => redraw());
    const said = element("output");
    const map = element("div", { className: "map" });
    place.append(group, ...(names.length > 1 ? [asked] : []), slider, said, map);
    const [west, east, south, north] = data.box;
    const flipped = (x, y) => `${x - west},${north - y}`;
    const rod = [10000, 5000, 2000, 1000, 500, 200, 100]
      .find((cm) => cm <= (east - west) / 4) || 100;
    const fixed = { fill: "none", "vector-effect": "non-scaling-stroke" };

    // Runs of windows without a pause.
    const pieces = (trace, from, to) => {
      const found = [];
      for (let k = from; k < to; k++) {
        if (k === from || trace.t[k] - trace.t[k - 1] > data.gap) found.push([]);
        found[found.length - 1].push(k);
      }
      return found;
    };
    const path = (trace, of, from, to) => pieces(trace, from, to)
      .map((piece) => "M" + piece.map((k) => flipped(of.x[k], of.y[k])).join("L")).join("");

    const redraw = () => {
      const trace = data.traces[Number(select.value)];
      const now = Number(slider.value);
      const pixel = (east - west) / (map.clientWidth || 600);
      const root = drawn("svg", { viewBox: `0 0 ${east - west} ${north - south}`, role: "img",
        "aria-label": "map of the walk" });
      if (data.plan) {
        const [a, b, c, d] = data.plan.box;
        root.append(drawn("image", { href: data.plan.href, x: a - west, y: north - d,
          width: b - a, height: d - c, preserveAspectRatio: "none" }));
      }
      root.append(drawn("path", { d: path(trace, trace, 0, trace.t.length), ...fixed,
        class: "truth" }));
      const told = [];
      data.arms.forEach((arm, number) => {
        if (off.has(number)) return;
        const of = trace.of[number];
        const error = Math.hypot(of.x[now] - trace.x[now], of.y[now] - trace.y[now]) / 100;
        told.push(`${arm.name} ${error.toFixed(1)} m off`);
        root.append(
          drawn("path", { d: path(trace, of, Math.max(0, now - TRAIL), now + 1), ...fixed,
            stroke: arm.color, "stroke-width": 1.2, opacity: 0.6 }),
          drawn("path", { d: `M${flipped(of.x[now], of.y[now])}L${flipped(trace.x[now],
            trace.y[now])}`, ...fixed, stroke: arm.color, "stroke-width": 1,
            "stroke-dasharray": "3 3" }),
          drawn("circle", { cx: of.x[now] - west, cy: north - of.y[now], r: 5 * pixel,
            fill: arm.color }));
      });
      root.append(drawn("circle", { cx: trace.x[now] - west, cy: north - trace.y[now],
        r: 6 * pixel, class: "here" }));
      root.append(drawn("path", { d: `M0,${north - south - 8 * pixel}h${rod}`, ...fixed,
        class: "rod" }), drawn("text", { x: 0, y: north - south - 14 * pixel,
        "font-size": 12 * pixel }, `${rod / 100} m`));
      map.replaceChildren(root);
      said.textContent = [`${(trace.t[now] / 10).toFixed(1)} s`, ...told].join(" · ");
    };
    const start = () => {
      slider.max = data.traces[Number(select.value)].t.length - 1;
      slider.value = 0;
      redraw();
    };
    return start;
  };

  for (const figure of document.querySelectorAll("figure")) {
    const held = figure.querySelector("script[type='application/json']");
    if (!held) continue;
    const data = JSON.parse(held.textContent);
    const picture = figure.querySelector("picture");
    const place = element("div", { className: "live", hidden: true });
    const words = data.kind === "replay" ? "Follow the walk" : "Switch arms and seeds";
    let begin = null;
    const button = element("button", { type: "button", textContent: words });
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      place.hidden = !place.hidden;
      picture.classList.toggle("aside", !place.hidden);
      button.setAttribute("aria-expanded", String(!place.hidden));
      button.textContent = place.hidden ? words : "Back to the figure";
      if (!place.hidden && !begin) {
        begin = (data.kind === "replay" ? replay : curves)(data, place);
        begin();
      }
    });
    picture.before(button);
    picture.after(place);
  }
  // What is folded away is printed too.
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
  });
})();
