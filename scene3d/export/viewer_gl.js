// Everything that touches WebGL: one program for surfaces, one for lines, one for the backdrop.
const SURFACE_VERTEX = `#version 300 es
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
uniform mat4 clipFromWorld;
out vec3 surfaceColor;
out float depth;
void main() {
  gl_Position = clipFromWorld * vec4(position, 1.0);
  depth = gl_Position.w;  // metres along the optical axis
  surfaceColor = color.rgb;
}`;
const SURFACE_FRAGMENT = `#version 300 es
precision highp float;
in vec3 surfaceColor;
in float depth;
uniform sampler2D depthColors;
uniform int overlay;  // 0 picture, 1 depth, 2 surface known before the chosen view, 3 surface new in it
uniform vec2 range;   // metres
out vec4 fragment;
void main() {
  vec3 color = surfaceColor;
  float gray = dot(color, vec3(0.299, 0.587, 0.114));
  if (overlay == 1) color = texture(depthColors, vec2(log(depth / range.x) / log(range.y / range.x), 0.5)).rgb;
  if (overlay == 2) color = vec3(gray) * 0.55;
  if (overlay == 3) color = mix(color, vec3(1.0, 0.62, 0.2), 0.25);
  fragment = vec4(color, 1.0);
}`;
const LINE_FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 lineColor;
out vec4 fragment;
void main() { fragment = vec4(lineColor, 1.0); }`;
const BACKDROP_VERTEX = `#version 300 es
uniform vec3 right, down, forward;  // right and down reach to the borders of the picture
out vec3 direction;
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  direction = forward + corner.x * right - corner.y * down;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;
const VIEWS_TESTED = 64;  // WebGL 2 promises room for no more
const BACKDROP_FRAGMENT = `#version 300 es
precision highp float;
in vec3 direction;
uniform sampler2D panorama;
uniform float brightness;
uniform mat3 pictureFromWorld[${VIEWS_TESTED}];  // directions to homogeneous positions in [0, 1] x [0, 1]
uniform int shownViews;                          // -1: all of them, nothing is left to dim
out vec4 fragment;
bool seen() {
  for (int i = 0; i < shownViews; i++) {
    vec3 p = pictureFromWorld[i] * direction;
    if (p.z > 0.0 && all(greaterThan(p.xy, vec2(0.0))) && all(lessThan(p.xy, p.zz))) return true;
  }
  return shownViews < 0;
}
void main() {
  float u = atan(direction.x, direction.z) / 6.28318530718 + 0.5;
  float v = atan(direction.y, length(direction.xz)) / 3.14159265359 + 0.5;
  fragment = vec4(textureLod(panorama, vec2(u, v), 0.0).rgb * brightness * (seen() ? 1.0 : 0.3), 1.0);
}`;

function makeProgram(gl, vertexSource, fragmentSource) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertexSource], [gl.FRAGMENT_SHADER, fragmentSource]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  const uniforms = {};
  for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); i++) {
    const { name } = gl.getActiveUniform(program, i);
    uniforms[name] = gl.getUniformLocation(program, name);
  }
  return { program, uniforms };
}

function makeTexture(gl, wrap, fill) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  fill();
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, wrap);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  return texture;
}

function fillBuffer(gl, target, data) {
  gl.bindBuffer(target, gl.createBuffer());
  gl.bufferData(target, data, gl.STATIC_DRAW);
}

function makeVertexArray(gl, positions, colors, indices) {
  const array = gl.createVertexArray();
  gl.bindVertexArray(array);
  fillBuffer(gl, gl.ARRAY_BUFFER, positions);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 3, gl.FLOAT, false, 0, 0);
  if (colors) {
    fillBuffer(gl, gl.ARRAY_BUFFER, colors);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    fillBuffer(gl, gl.ELEMENT_ARRAY_BUFFER, indices);
  }
  gl.bindVertexArray(null);
  return array;
}

// Takes directions in the world to homogeneous positions in a view's picture, [0, 1] x [0, 1].
function pictureFromWorld(view) {
  const size = [[1 / view.width, 0, 0], [0, 1 / view.height, 0], [0, 0, 1]];
  const cameraFromWorld = [0, 1, 2].map((column) => view.pose.slice(0, 3).map((row) => row[column]));
  return multiply(multiply(size, view.K), cameraFromWorld);
}

// The eight edges of a camera's pyramid as pairs of points; `size` metres deep.
function frustumLines(view, size) {
  const [[fx, , cx], [, fy, cy]] = view.K;
  const corner = (u, v) => transform(view.pose, [(u - cx) / fx * size, (v - cy) / fy * size, size]);
  const apex = transform(view.pose, [0, 0, 0]);
  const ring = [corner(0, 0), corner(view.width, 0), corner(view.width, view.height), corner(0, view.height)];
  return ring.flatMap((point, i) => [apex, point, point, ring[(i + 1) % 4]]).flat();
}

function makeRenderer(gl, meta, { surface: mesh, background }, panorama) {
  const surface = makeProgram(gl, SURFACE_VERTEX, SURFACE_FRAGMENT);
  const line = makeProgram(gl, SURFACE_VERTEX, LINE_FRAGMENT);
  const backdrop = makeProgram(gl, BACKDROP_VERTEX, BACKDROP_FRAGMENT);
  const surfaceArray = makeVertexArray(gl, mesh.positions, mesh.colors, mesh.indices);
  const backgroundArray = makeVertexArray(gl, background.positions, background.colors, background.indices);
  const scale = Math.sqrt(meta.near * meta.far);  // a typical distance, metres
  const frustumSize = 0.12 * scale;
  const apexes = meta.views.map((view) => transform(view.pose, [0, 0, 0]));
  const frusta = new Float32Array(meta.views.flatMap((view) => frustumLines(view, frustumSize)));
  const frustaArray = makeVertexArray(gl, frusta);
  const pictures = new Float32Array(meta.views.slice(0, VIEWS_TESTED).flatMap((view) => [...columnMajor(pictureFromWorld(view))]));
  const emptyArray = gl.createVertexArray();
  const panoramaTexture = makeTexture(gl, gl.REPEAT, () =>
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, panorama));
  const depthTexture = makeTexture(gl, gl.CLAMP_TO_EDGE, () =>
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, meta.depthColors.length / 4, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE,
      new Uint8Array(meta.depthColors)));

  function drawBackdrop(frame) {
    gl.useProgram(backdrop.program);
    gl.disable(gl.DEPTH_TEST);
    const { right, down, forward } = axes(frame.yaw, frame.pitch);
    gl.uniform3fv(backdrop.uniforms.right, right.map((x) => x * frame.tanX));
    gl.uniform3fv(backdrop.uniforms.down, down.map((x) => x * frame.tanY));
    gl.uniform3fv(backdrop.uniforms.forward, forward);
    const away = Math.min(...apexes.map((apex) => norm(add(apex, frame.eye, -1)))) / scale;  // seen from outside,
    const inside = clamp(1.5 - 0.5 * away, 0.1, 1);                       // the backdrop would dwarf the scene
    gl.uniform1f(backdrop.uniforms.brightness, frame.overlay === "picture" ? inside : 0.25 * inside);
    const all = frame.view + 1 === meta.views.length;
    gl.uniform1i(backdrop.uniforms.shownViews, all ? -1 : Math.min(VIEWS_TESTED, frame.view + 1));
    gl.uniformMatrix3fv(backdrop.uniforms["pictureFromWorld[0]"], false, pictures);
    gl.bindTexture(gl.TEXTURE_2D, panoramaTexture);
    gl.bindVertexArray(emptyArray);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.enable(gl.DEPTH_TEST);
  }

  function drawFaces(first, end, overlay) {
    gl.uniform1i(surface.uniforms.overlay, overlay);
    gl.drawElements(gl.TRIANGLES, 3 * (end - first), gl.UNSIGNED_INT, 12 * first);
  }

  // What is imagined behind silhouettes: only where nothing else is, and no part of what is measured.
  function drawBackground(frame) {
    if (frame.overlay !== "picture") return;
    gl.bindVertexArray(backgroundArray);
    drawFaces(0, meta.background.faceEnds[frame.view], 0);
    gl.clear(gl.DEPTH_BUFFER_BIT);
  }

  function drawSurface(frame, clipFromWorld) {
    gl.useProgram(surface.program);
    gl.uniformMatrix4fv(surface.uniforms.clipFromWorld, false, clipFromWorld);
    gl.uniform2f(surface.uniforms.range, meta.near, meta.far);
    gl.bindTexture(gl.TEXTURE_2D, depthTexture);
    drawBackground(frame);
    gl.bindVertexArray(surfaceArray);
    const end = meta.views[frame.view].faceEnd;
    const before = frame.view > 0 ? meta.views[frame.view - 1].faceEnd : 0;
    if (frame.overlay === "new") {
      drawFaces(0, before, 2);
      drawFaces(before, end, 3);
    } else {
      drawFaces(0, end, frame.overlay === "depth" ? 1 : 0);
    }
  }

  function drawCameras(frame, clipFromWorld) {
    gl.useProgram(line.program);
    gl.uniformMatrix4fv(line.uniforms.clipFromWorld, false, clipFromWorld);
    gl.bindVertexArray(frustaArray);
    for (let i = 0; i <= frame.view; i++) {
      if (norm(add(apexes[i], frame.eye, -1)) < 0.5 * frustumSize) continue;  // we are inside this one
      gl.uniform3fv(line.uniforms.lineColor, i === frame.view ? [1, 0.62, 0.2] : [0.45, 0.75, 1]);
      gl.drawArrays(gl.LINES, 16 * i, 16);
    }
  }

  return function draw(frame) {
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const lens = projection(frame.tanX, frame.tanY, 0.02 * meta.near, 40 * meta.far);
    const clipFromWorld = columnMajor(multiply(lens, cameraFromWorld(frame.eye, frame.yaw, frame.pitch)));
    drawBackdrop(frame);
    drawSurface(frame, clipFromWorld);
    if (frame.cameras) drawCameras(frame, clipFromWorld);
  };
}
