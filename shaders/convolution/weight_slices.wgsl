// Adds up, in their order, the slices that a weight gradient was summed in, and lays the sum out as the
// weight lies:
//   weight[offset + t * target_step + s * source_step + tap] = sum over slices of
//     slices[slice][t / 4][s / 4][tap][s % 4][t % 4]

struct Params {
  target_channels: u32, source_channels: u32, taps: u32,
  offset: u32, target_step: u32, source_step: u32,
  slices: u32,
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> slices: array<f32>;
@group(0) @binding(2) var<storage, read_write> weight: array<f32>;

// An invocation an element of a slice, so that neighbours read neighbours.
@compute @workgroup_size(WORKGROUP_SIZE)
fn sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let source_blocks = (params.source_channels + 3u) / 4u;
  let size = (params.target_channels + 3u) / 4u * source_blocks * params.taps * 16u;
  if (i >= size) { return; }
  let unit = i / 16u;
  let target_channel = 4u * (unit / params.taps / source_blocks) + i % 4u;
  let source_channel = 4u * (unit / params.taps % source_blocks) + i / 4u % 4u;
  if (target_channel >= params.target_channels || source_channel >= params.source_channels) { return; }
  // four sums: loads need not wait for each other, and less is lost to rounding
  var sums = vec4f();
  for (var slice = 0u; slice < params.slices; slice += 4u) {
    // @unroll
    for (var k = 0u; k < 4u; k++) {
      if (slice + k < params.slices) { sums[k] += slices[(slice + k) * size + i]; }
    }
  }
  weight[params.offset + target_channel * params.target_step + source_channel * params.source_step +
    unit % params.taps] = (sums.x + sums.y) + (sums.z + sums.w);
}
