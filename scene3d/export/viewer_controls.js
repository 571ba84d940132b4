// The visitor's camera: drag orbits around a point ahead (or turns the head in "fly" mode), wheel and keys move.
function makeControls(canvas, meta, onChange) {
  const scale = Math.sqrt(meta.near * meta.far);  // a typical distance, metres
  const state = { eye: [0, 0, 0], yaw: 0, pitch: 0, distance: scale, mode: "orbit" };
  const keys = new Set();
  const pointers = new Map();
  let flight = null;

  function poseOf(view) {
    const [x, y, z] = view.pose.slice(0, 3).map((row) => row[2]);
    return { eye: view.pose.slice(0, 3).map((row) => row[3]), yaw: Math.atan2(x, z), pitch: Math.asin(clamp(-y, -1, 1)) };
  }

  function jumpTo(view) {
    flight = null;
    Object.assign(state, poseOf(view), { distance: scale });
    onChange();
  }

  function flyTo(view, seconds) {
    const target = poseOf(view);
    const turn = target.yaw - state.yaw;
    target.yaw = state.yaw + Math.atan2(Math.sin(turn), Math.cos(turn));  // the short way round
    flight = { from: { ...state }, target, seconds, passed: 0 };
    state.distance = scale;
    onChange();
  }

  function turn(dx, dy) {
    const sign = state.mode === "orbit" ? 1 : -1;
    const pivot = add(state.eye, axes(state.yaw, state.pitch).forward, state.distance);
    state.yaw += sign * dx * 0.005;
    state.pitch = clamp(state.pitch - sign * dy * 0.005, -1.5, 1.5);
    if (state.mode === "orbit") state.eye = add(pivot, axes(state.yaw, state.pitch).forward, -state.distance);
  }

  function pan(dx, dy) {
    const { right, down } = axes(state.yaw, state.pitch);
    const step = state.distance / canvas.clientHeight;
    state.eye = add(add(state.eye, right, -dx * step), down, -dy * step);
  }

  function dolly(amount) {
    state.eye = add(state.eye, axes(state.yaw, state.pitch).forward, amount * state.distance);
    if (state.mode === "orbit") state.distance = Math.max(0.05 * scale, state.distance * (1 - amount));
  }

  function drag(event) {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const spread = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      dolly((spread([event.clientX, event.clientY]) - spread(before)) * 0.003);
      pan(dx / 2, dy / 2);
    } else if (event.buttons & 2 || event.shiftKey) {
      pan(dx, dy);
    } else {
      turn(dx, dy);
    }
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    flight = null;
    onChange();
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus();
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  canvas.addEventListener("pointermove", drag);
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    flight = null;
    dolly(clamp(-event.deltaY * 0.001, -0.3, 0.3));
    onChange();
  }, { passive: false });
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    keys.add(event.code);
    onChange();
  });
  window.addEventListener("keyup", (event) => keys.delete(event.code));
  window.addEventListener("blur", () => keys.clear());

  const MOVES = {
    KeyW: ["forward", 1], KeyS: ["forward", -1], KeyD: ["right", 1], KeyA: ["right", -1], KeyE: ["down", -1], KeyQ: ["down", 1],
  };

  // Advance by `seconds`; true while something still moves.
  function step(seconds) {
    if (flight) {
      flight.passed = Math.min(flight.seconds, flight.passed + seconds);
      const t = flight.passed / flight.seconds, eased = t * t * (3 - 2 * t);
      state.eye = state.eye.map((_, i) => mix(flight.from.eye[i], flight.target.eye[i], eased));
      for (const name of ["yaw", "pitch"]) state[name] = mix(flight.from[name], flight.target[name], eased);
      if (t >= 1) flight = null;
    }
    const held = [...keys].filter((code) => MOVES[code]);
    const speed = 0.6 * scale * seconds * (keys.has("ShiftLeft") || keys.has("ShiftRight") ? 4 : 1);
    const directions = axes(state.yaw, state.pitch);
    for (const code of held) state.eye = add(state.eye, directions[MOVES[code][0]], MOVES[code][1] * speed);
    if (held.length) flight = null;
    return Boolean(flight || held.length);
  }

  return { state, step, jumpTo, flyTo };
}
