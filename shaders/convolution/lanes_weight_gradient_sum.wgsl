// Adds up the slabs of a weight gradient, in order, and transforms it back along x; needs lanes_f23.wgsl,
// lanes_f43.wgsl or lanes_plain.wgsl in front.

struct Params {
  slabs: u32,
  // kernel_depth * kernel_height
  taps: u32,
  kernel_width: u32,
  spread_channels: u32,
  broadcast_channels: u32,
  // Channels of the broadcast map that `partial` has room for.
  broadcast_room: u32,
  // Elements from one channel to the next in `gradient`, and where the first one begins.
  spread_stride: u32,
  broadcast_stride: u32,
  offset: u32,
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_slabs(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let blocks = (params.spread_channels + 3u) / 4u;
  let block = i % blocks;
  let channel = i / blocks % params.broadcast_channels;
  let tap = i / (blocks * params.broadcast_channels);
  if (tap >= params.taps) { return; }
  let point_step = params.broadcast_room * blocks;
  var m: array<vec4f, POINTS>;
  for (var slab = 0u; slab < params.slabs; slab++) {
    let first = (slab * params.taps + tap) * POINTS * point_step + channel * blocks + block;
    // @unroll
    for (var p = 0u; p < POINTS; p++) { m[p] += partial[first + p * point_step]; }
  }
  let g = transform_weight_gradient(m);
  // @unroll
  for (var c = 0u; c < 4u; c++) {
    let spread_channel = block * 4u + c;
    if (spread_channel < params.spread_channels) {
      let first = params.offset + spread_channel * params.spread_stride +
        channel * params.broadcast_stride + tap * params.kernel_width;
      // @unroll
      for (var kx = 0u; kx < 3u; kx++) {
        if (kx < params.kernel_width) { gradient[first + kx] = g[kx][c]; }
      }
    }
  }
}
