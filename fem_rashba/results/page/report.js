"use strict";
// The zoomable map: vtk.js draws, this script colours, pans and zooms. Nothing is fetched.
(function () {
  const data = JSON.parse(document.getElementById("zoom-data").textContent);
  const element = (id) => document.getElementById(id);
  const view = element("view"), select = element("quantity"), state = element("under");
  const marker = element("scale");  // the viewer empties what it draws in
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  let renderer, camera, actors, polydata, points, polys, home, current, colored;

  function fail(why) { view.hidden = true; state.textContent = "No zoomable map: " + why + " The pictures below show the same."; }

  // The viewer is kept as text until it is known that it can draw: without WebGL it would ask for a file.
  function begin() {
    const test = document.createElement("canvas");
    if (!(test.getContext("webgl2") || test.getContext("webgl"))) { return fail("this browser draws no WebGL."); }
    window.global = window;
    window.loadDataSet = () => { window.OfflineLocalView.load(view, { base64Str: data.scene }); wait(0); };
    for (const source of document.querySelectorAll("script.viewer")) {
      const script = document.createElement("script");
      script.type = "module";
      script.textContent = source.textContent;
      document.head.appendChild(script);
    }
  }

  // the arrays of the scene come one after the other
  function wait(tries) {
    // the viewer's window has an empty renderer of its own
    const renderers = window.renderWindow ? window.renderWindow.getRenderers() : [];
    const made = renderers.find((each) => each.getActors().length > 0);
    const all = made ? made.getActors() : [];
    const input = (actor) => actor.getMapper() && actor.getMapper().getInputData();
    const there = (actor) => input(actor) && input(actor).getPoints().getData().length > 0;
    if (all.length === data.actors && all.every(there) && input(all[0]).getPointData().getScalars()) { start(made, all); }
    else if (tries < 400) { setTimeout(wait, 50, tries + 1); }
    else { fail("vtk.js did not start."); }
  }

  function start(made, all) {
    renderer = made; actors = all; camera = renderer.getActiveCamera();
    polydata = actors[0].getMapper().getInputData();
    points = polydata.getPoints().getData(); polys = polydata.getPolys().getData();
    const interactor = window.renderWindow.getInteractor();
    if (interactor && interactor.unbindEvents) { interactor.unbindEvents(); }
    camera.setParallelProjection(true);
    const b = renderer.computeVisiblePropBounds();
    home = { x: (b[0] + b[1]) / 2, y: (b[2] + b[3]) / 2, width: b[1] - b[0], height: b[3] - b[2] };
    if (actors[2]) { actors[2].setVisibility(false); } else { element("cells").disabled = true; }
    view.appendChild(marker);
    marker.hidden = false;
    reset(); show(select.selectedIndex); listen();
    new ResizeObserver(() => requestAnimationFrame(render)).observe(view);
    document.documentElement.dataset.ready = "yes";
  }

  function show(index) {
    const map = data.maps[index];
    const raw = bytes(map.values), view16 = new DataView(raw.buffer);
    const n = raw.length / 2, colors = new Uint8Array(3 * n), table = bytes(data.tables[map.colors]);
    current = map; colored = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const value = map.least + (map.most - map.least) * view16.getUint16(2 * i, true) / 65535;
      const t = (value - map.low) / (map.high - map.low);
      const k = 3 * Math.max(0, Math.min(255, Math.floor(256 * t)));
      colored[i] = value;
      colors[3 * i] = table[k]; colors[3 * i + 1] = table[k + 1]; colors[3 * i + 2] = table[k + 2];
    }
    polydata.getPointData().getScalars().setData(colors, 3);
    polydata.modified();
    const stops = [];
    for (let k = 0; k < 256; k += 15) { stops.push("rgb(" + table.slice(3 * k, 3 * k + 3).join(",") + ")"); }
    element("bar").style.background = "linear-gradient(to right," + stops.join(",") + ")";
    element("bar-label").innerHTML = map.label;
    const ticks = element("ticks");
    ticks.replaceChildren();
    for (let k = 0; k <= 4; k++) {
      const tick = document.createElement("span");
      tick.textContent = number(map.low + (map.high - map.low) * k / 4, map.high - map.low);
      ticks.appendChild(tick);
    }
    render();
  }

  function number(value, range) {
    const digits = Math.max(0, Math.min(12, 2 - Math.floor(Math.log10(range || 1))));
    return (Math.abs(value) < 1e-9 * range ? 0 : value).toFixed(digits).replace("-", "\u2212");
  }

  function scale() { return 2 * camera.getParallelScale() / view.clientHeight; }  // nm per pixel

  function place(x, y) {
    camera.setFocalPoint(x, y, 0); camera.setPosition(x, y, 1000); camera.setViewUp(0, 1, 0);
    camera.setClippingRange(1, 2000);
  }

  function render() {
    window.renderWindow.render();
    const room = 0.25 * view.clientWidth * scale(), power = Math.pow(10, Math.floor(Math.log10(room)));
    const length = [5, 2, 1].map((k) => k * power).find((k) => k <= room);
    marker.style.width = length / scale() + "px";
    marker.textContent = Number(length.toPrecision(1)) + " nm";
  }

  function reset() {
    const ratio = view.clientWidth / view.clientHeight;
    camera.setParallelScale(0.53 * Math.max(home.height, home.width / ratio));
    place(home.x, home.y);
  }

  function at(event) {
    const box = view.getBoundingClientRect(), s = scale(), f = camera.getFocalPoint();
    return [f[0] + (event.clientX - box.left - box.width / 2) * s, f[1] - (event.clientY - box.top - box.height / 2) * s];
  }

  function zoom(factor, x, y) {
    const f = camera.getFocalPoint();
    camera.setParallelScale(Math.max(1e-4 * (home.width + home.height), Math.min(2 * (home.width + home.height), camera.getParallelScale() * factor)));
    place(x + (f[0] - x) * factor, y + (f[1] - y) * factor);
    render();
  }

  function move(dx, dy) { const f = camera.getFocalPoint(); place(f[0] + dx, f[1] + dy); render(); }

  function valueAt(x, y) {
    for (let i = 0; i < polys.length; i += 4) {
      const a = polys[i + 1], b = polys[i + 2], c = polys[i + 3];
      const ax = points[3 * a] - x, ay = points[3 * a + 1] - y, bx = points[3 * b] - x, by = points[3 * b + 1] - y, cx = points[3 * c] - x, cy = points[3 * c + 1] - y;
      if ((ax > 0 && bx > 0 && cx > 0) || (ax < 0 && bx < 0 && cx < 0) || (ay > 0 && by > 0 && cy > 0) || (ay < 0 && by < 0 && cy < 0)) { continue; }
      const u = bx * cy - by * cx, v = cx * ay - cy * ax, w = ax * by - ay * bx, sum = u + v + w;
      if (sum !== 0 && u / sum >= 0 && v / sum >= 0 && w / sum >= 0) { return (u * colored[a] + v * colored[b] + w * colored[c]) / sum; }
    }
    return null;
  }

  function tell(event) {
    const [x, y] = at(event), value = valueAt(x, y);
    state.innerHTML = "x = " + x.toFixed(2) + " nm, y = " + y.toFixed(2) + " nm" + (value === null ? "" : ": " + current.title + " = " + value.toPrecision(4).replace("-", "\u2212") + " " + current.unit);
  }

  function listen() {
    const held = new Map();
    let apart = 0;
    const distance = () => { const [a, b] = [...held.values()]; return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY); };
    select.addEventListener("change", () => show(select.selectedIndex));
    element("cells").addEventListener("change", (event) => { actors[2].setVisibility(event.target.checked); render(); });
    element("reset").addEventListener("click", () => { reset(); render(); });
    view.addEventListener("dblclick", () => { reset(); render(); });
    view.addEventListener("wheel", (event) => { event.preventDefault(); const [x, y] = at(event); zoom(Math.exp(Math.sign(event.deltaY) * 0.2), x, y); }, { passive: false });
    view.addEventListener("pointerdown", (event) => { held.set(event.pointerId, event); view.setPointerCapture(event.pointerId); if (held.size === 2) { apart = distance(); } });
    for (const name of ["pointerup", "pointercancel"]) { view.addEventListener(name, (event) => held.delete(event.pointerId)); }
    view.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) { return tell(event); }
      held.set(event.pointerId, event);
      if (held.size === 1) { move((before.clientX - event.clientX) * scale(), (event.clientY - before.clientY) * scale()); }
      if (held.size === 2) { const now = distance(), [x, y] = at(event); zoom(apart / now, x, y); apart = now; }
    });
    view.addEventListener("keydown", (event) => {
      const step = 0.1 * view.clientHeight * scale(), f = camera.getFocalPoint();
      const keys = { ArrowLeft: () => move(-step, 0), ArrowRight: () => move(step, 0), ArrowUp: () => move(0, step), ArrowDown: () => move(0, -step), "+": () => zoom(0.8, f[0], f[1]), "-": () => zoom(1.25, f[0], f[1]), 0: () => { reset(); render(); } };
      if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
    });
  }

  begin();
})();
