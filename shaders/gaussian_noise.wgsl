// y = x + deviation * normal(voxel, channel, seed); needs lib/random.wgsl. One lane a vector.

struct Params {
  vectors: u32, voxels: u32, blocks: u32, channels: u32,
  seed_low: u32, seed_high: u32, deviation: f32
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let bits = philox(vec4u(i, 0u, 0u, 0u), vec2u(params.seed_low, params.seed_high));
  let channel = 4u * (i / params.voxels % params.blocks) + vec4u(0u, 1u, 2u, 3u);
  let used = channel < vec4u(params.channels);
  y[i] = x[i] + select(vec4f(0.0), params.deviation * normal_from(bits), used);
}
