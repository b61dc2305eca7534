// Reverses axes: y[i] = x[n - 1 - i] along each axis whose flag is 1.

struct Params { size: u32, d: u32, h: u32, w: u32, flip_d: u32, flip_h: u32, flip_w: u32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> x4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y4: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn flat(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i < params.size) { y[i] = x[mirrored(i)]; }
}

// size counts vectors here
@compute @workgroup_size(WORKGROUP_SIZE)
fn packed(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i < params.size) { y4[i] = x4[mirrored(i)]; }
}

fn mirrored(i: u32) -> u32 {
  let w = i % params.w;
  let h = i / params.w % params.h;
  let d = i / (params.w * params.h) % params.d;
  let map = i / (params.w * params.h * params.d);
  let from_d = select(d, params.d - 1u - d, params.flip_d == 1u);
  let from_h = select(h, params.h - 1u - h, params.flip_h == 1u);
  let from_w = select(w, params.w - 1u - w, params.flip_w == 1u);
  return ((map * params.d + from_d) * params.h + from_h) * params.w + from_w;
}
