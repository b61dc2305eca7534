// y[i] = mean + deviation * normal(i, seed, stream); needs lib/random.wgsl

struct Params { size: u32, seed_low: u32, seed_high: u32, stream: u32, mean: f32, deviation: f32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (4u * i >= params.size) { return; }
  let bits = philox(vec4u(i, params.stream, 0u, 0u), vec2u(params.seed_low, params.seed_high));
  let values = params.mean + params.deviation * normal_from(bits);
  for (var lane = 0u; lane < 4u; lane++) {
    if (4u * i + lane < params.size) { y[4u * i + lane] = values[lane]; }
  }
}
