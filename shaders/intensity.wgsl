// Changes of brightness, contrast and gamma, with a factor f (or exponent) for each channel. One lane a
// vector. mean, deviation, low, high: statistics of the channel (channel_statistics.wgsl).
//   scale:        y = f x
//   contrast:     y = clamp(f (x - mean) + mean, low, high)
//   gamma:        y = ((x - low) / range)^f * range + low         range = high - low
//   match:        y = (x - mean) / deviation * wanted deviation + wanted mean
// sign -1 makes gamma work on -x: it expects and leaves -x, match turns the sign back.

struct Params { vectors: u32, voxels: u32, blocks: u32, sign: f32 }

override WORKGROUP_SIZE: u32 = 64u;
const TINY = 1e-7;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> factors: array<vec4f>; // one a block
@group(0) @binding(3) var<storage, read> statistics: array<vec4f>; // four a plane
@group(0) @binding(4) var<storage, read> wanted: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn scale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  y[i] = x[i] * factors[i / params.voxels % params.blocks];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn contrast(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let plane = i / params.voxels;
  let mean = statistics[4u * plane];
  let changed = (x[i] - mean) * factors[plane % params.blocks] + mean;
  y[i] = clamp(changed, statistics[4u * plane + 2u], statistics[4u * plane + 3u]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn gamma(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let plane = i / params.voxels;
  let a = params.sign * statistics[4u * plane + 2u];
  let b = params.sign * statistics[4u * plane + 3u];
  let low = min(a, b);
  let range = max(a, b) - low;
  let share = max((params.sign * x[i] - low) / max(range, vec4f(TINY)), vec4f(0.0));
  let power = select(vec4f(0.0), pow(share, factors[plane % params.blocks]), share > vec4f(0.0));
  y[i] = power * range + low;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn match_statistics(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let plane = i / params.voxels;
  let ratio = wanted[4u * plane + 1u] / max(statistics[4u * plane + 1u], vec4f(TINY));
  let centred = (x[i] - statistics[4u * plane]) * ratio;
  y[i] = params.sign * centred + wanted[4u * plane];
}
