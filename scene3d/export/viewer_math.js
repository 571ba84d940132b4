// Vectors are [x, y, z], matrices are rows as in the scene's files. Axes: x right, y down, z forward (OpenCV).
const add = (a, b, scale = 1) => a.map((x, i) => x + scale * b[i]);
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const norm = (a) => Math.sqrt(dot(a, a));
const mix = (a, b, t) => a + (b - a) * t;
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const multiply = (A, B) => A.map((row) => B[0].map((_, j) => row.reduce((sum, x, k) => sum + x * B[k][j], 0)));
const columnMajor = (A) => new Float32Array(A[0].flatMap((_, j) => A.map((row) => row[j])));
const transform = (pose, p) => pose.slice(0, 3).map((row) => dot(row.slice(0, 3), p) + row[3]);

// Directions of a camera that has no roll: yaw > 0 looks right, pitch > 0 looks up.
function axes(yaw, pitch) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return { right: [cy, 0, -sy], down: [sy * sp, cp, cy * sp], forward: [sy * cp, -sp, cy * cp] };
}

function cameraFromWorld(eye, yaw, pitch) {
  const { right, down, forward } = axes(yaw, pitch);
  return [...[right, down, forward].map((axis) => [...axis, -dot(axis, eye)]), [0, 0, 0, 1]];
}

// Clip coordinates from camera coordinates; tanX and tanY are the half widths of the picture at z = 1.
function projection(tanX, tanY, near, far) {
  const a = (far + near) / (far - near);
  return [[1 / tanX, 0, 0, 0], [0, -1 / tanY, 0, 0], [0, 0, a, -near * (1 + a)], [0, 0, 1, 0]];
}
