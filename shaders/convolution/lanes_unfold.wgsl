// Makes the three taps of one axis channels of their own: channel * 3 + tap of the result is the input
// shifted by tap - 1 voxels, zeros moved in. A convolution of few channels then fills whole vec4s. As many
// weights, in the same order, without that axis.

struct Params {
  voxels: u32,
  samples: u32,
  // Voxels along the axis, and how far apart neighbours lie.
  extent: u32,
  step: u32,
}

override WORKGROUP_SIZE: u32 = 64u;
// Of the input, one block.
const CHANNELS: u32 = 1u; // @override

const BLOCKS: u32 = (CHANNELS * 3u + 3u) / 4u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> unfolded: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn unfold(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let sample = i / params.voxels;
  if (sample >= params.samples) { return; }
  let place = i % params.voxels / params.step % params.extent;
  var taps: array<vec4f, 3>;
  taps[1] = x[i];
  if (place > 0u) { taps[0] = x[i - params.step]; }
  if (place + 1u < params.extent) { taps[2] = x[i + params.step]; }
  // @unroll
  for (var b = 0u; b < BLOCKS; b++) {
    var value = vec4f();
    // @unroll
    for (var c = b * 4u; c < b * 4u + 4u; c++) {
      if (c < CHANNELS * 3u) { value[c % 4u] = taps[c % 3u][c / 3u]; }
    }
    unfolded[(sample * BLOCKS + b) * params.voxels + i % params.voxels] = value;
  }
}
