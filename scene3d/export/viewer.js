// Unpack the scene, connect the page to the renderer, and draw when something changed.
const byId = (id) => document.getElementById(id);

async function unpack(meta) {
  const packed = Uint8Array.from(atob(byId("scene-data").textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  const mesh = ({ vertices, faces }, start) => ({
    positions: new Float32Array(bytes, start, 3 * vertices),
    colors: new Uint8Array(bytes, start + 12 * vertices, 4 * vertices),
    indices: new Uint32Array(bytes, start + 16 * vertices, 3 * faces),
  });
  return { surface: mesh(meta, 0), background: mesh(meta.background, 16 * meta.vertices + 12 * meta.faces) };
}

async function loadPicture(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  return picture;
}

// Half the width and height of the window's picture at z = 1: the scene's picture just fits.
function lensFor(view, aspect) {
  const tanY = view.height / 2 / view.K[1][1], tanX = view.width / 2 / view.K[0][0];
  return aspect > tanX / tanY ? { tanX: tanY * aspect, tanY } : { tanX, tanY: tanX / aspect };
}

function fillPanel(meta) {
  const metres = (x) => (x < 10 ? x.toFixed(1) : x.toFixed(0)) + " m";
  byId("prompt").textContent = meta.prompt;
  document.title = meta.prompt + " - scene3d";
  byId("view-count").textContent = meta.views.length;
  byId("face-count").textContent = meta.faces.toLocaleString("en");
  byId("range").textContent = metres(meta.near) + " to " + metres(meta.far);
  byId("near").textContent = metres(meta.near);
  byId("far").textContent = metres(meta.far);
  const stops = [0, 0.25, 0.5, 0.75, 1].map((t) => {
    const i = 4 * Math.round(t * (meta.depthColors.length / 4 - 1));
    return `rgb(${meta.depthColors.slice(i, i + 3).join(",")}) ${100 * t}%`;
  });
  byId("scale").style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
}

function fillFilmstrip(meta, choose) {
  return meta.views.map((view, i) => {
    const button = document.createElement("button");
    const picture = document.createElement("img");
    const label = document.createElement("span");
    picture.src = view.picture;
    picture.alt = `view ${i}`;
    label.textContent = i === 0 ? "start" : `+${Math.round(100 * view.newShare)}%`;
    button.title = `view ${i}: ${Math.round(100 * view.newShare)}% of its pixels are new`;
    button.append(picture, label);
    button.addEventListener("click", () => choose(i));
    byId("filmstrip").append(button);
    return button;
  });
}

async function main() {
  const meta = JSON.parse(byId("scene-meta").textContent);
  const canvas = byId("canvas");
  const gl = canvas.getContext("webgl2", { antialias: true, alpha: false });
  if (!gl) throw new Error("This page needs WebGL 2; turn on hardware acceleration or use another browser.");
  if (!window.DecompressionStream) throw new Error("This page needs a browser from 2023 or newer.");
  const draw = makeRenderer(gl, meta, await unpack(meta), await loadPicture(meta.backdrop));
  const shown = { view: meta.views.length - 1, overlay: "picture", cameras: true };
  const controls = makeControls(canvas, meta, requestDraw);
  let playing = false, wait = 0, requested = false, previous = 0;

  function requestDraw() {
    if (!requested) requestAnimationFrame(tick);
    requested = true;
  }

  function tick(now) {
    requested = false;
    const seconds = Math.min(0.1, (now - previous) / 1000);
    previous = now;
    const moving = controls.step(seconds);
    if (playing && !moving && (wait -= seconds) <= 0) {
      if (shown.view + 1 < meta.views.length) show(shown.view + 1, 1.2);
      else play(false);
    }
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    draw({ ...shown, ...controls.state, ...lensFor(meta.views[0], width / height) });
    if (moving || playing) requestDraw();
  }

  // Show the scene as it was after `view`; fly to that camera if `seconds` is given.
  function show(view, seconds) {
    shown.view = view;
    wait = 0.5;
    byId("slider").value = view;
    byId("step").textContent = `view ${view + 1} of ${meta.views.length}`;
    buttons.forEach((button, i) => {
      button.classList.toggle("current", i === view);
      button.classList.toggle("later", i > view);
    });
    if (seconds) controls.flyTo(meta.views[view], seconds);
    requestDraw();
  }

  function play(on) {
    playing = on;
    byId("play").textContent = on ? "\u275A\u275A" : "\u25B6";
    byId("play").setAttribute("aria-label", on ? "pause" : "play");
    if (on) show(shown.view + 1 < meta.views.length ? shown.view : 0, 0.8);
    requestDraw();
  }

  function setOverlay(name) {
    shown.overlay = name;
    for (const input of document.querySelectorAll("input[name=overlay]")) input.checked = input.value === name;
    byId("legend").hidden = name !== "depth";
    requestDraw();
  }

  const home = meta.views[(meta.views.length - 1) >> 1];  // amid the path, with scene on either side
  const buttons = fillFilmstrip(meta, (view) => { play(false); show(view, 0.8); });
  fillPanel(meta);
  byId("slider").max = meta.views.length - 1;
  byId("slider").addEventListener("input", (event) => { play(false); show(Number(event.target.value)); });
  byId("play").addEventListener("click", () => play(!playing));
  byId("reset").addEventListener("click", () => { play(false); controls.flyTo(home, 0.8); });
  byId("cameras").addEventListener("change", (event) => { shown.cameras = event.target.checked; requestDraw(); });
  for (const input of document.querySelectorAll("input[name=overlay]")) {
    input.addEventListener("change", () => setOverlay(input.value));
  }
  for (const input of document.querySelectorAll("input[name=mode]")) {
    input.addEventListener("change", () => { controls.state.mode = input.value; });
  }
  window.addEventListener("resize", requestDraw);
  if (window.innerWidth < 720) byId("info").open = false;

  // viewer.html#view=3&overlay=depth opens in that state.
  const address = new URLSearchParams(location.hash.slice(1));
  const asked = clamp(Math.trunc(Number(address.get("view") ?? shown.view)) || 0, 0, shown.view);
  show(asked);
  controls.jumpTo(address.has("view") ? meta.views[asked] : home);
  setOverlay(["depth", "new"].includes(address.get("overlay")) ? address.get("overlay") : "picture");
  requestAnimationFrame(() => { document.documentElement.dataset.ready = "yes"; });
}

main().catch((error) => {
  byId("error").textContent = error.message;
  byId("error").hidden = false;
  document.documentElement.dataset.ready = "failed";
});
