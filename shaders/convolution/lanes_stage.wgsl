// Copies a packed feature map, or some samples of it, to a texture: texel (x, y, (sample * blocks +
// block) * depth + z). Where the rows allow it the engine copies without a kernel; then rows lie in
// another order, row y at (y mod 2^s) * height / 2^s + y / 2^s with s = row_shift. Here s = 0.

struct Params { width: u32, height: u32, planes: u32, first_plane: u32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var staged: texture_storage_3d<rgba32float, write>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn stage(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let plane = i / (params.width * params.height);
  if (plane >= params.planes) { return; }
  let at = vec3u(i % params.width, i / params.width % params.height, plane);
  textureStore(staged, at, x[params.first_plane * params.width * params.height + i]);
}
