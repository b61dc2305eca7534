// Adds up the slabs of a weight gradient, in order.

struct Params {
  slabs: u32,
  // Of the whole kernel.
  taps: u32,
  spread_channels: u32,
  broadcast_channels: u32,
  // Channels of the broadcast map that `partial` has room for.
  broadcast_room: u32,
  // Elements from one channel to the next in `gradient`, and where the first one begins.
  spread_stride: u32,
  broadcast_stride: u32,
  offset: u32,
  // Taps of an invocation.
  run: u32,
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
// Laid out by partial_index of lanes_weight_gradient_common.wgsl.
@group(0) @binding(1) var<storage, read> partial: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_slabs(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let blocks = (params.spread_channels + 3u) / 4u;
  let block = i % blocks;
  let channel = i / blocks % params.broadcast_channels;
  let first_tap = i / (blocks * params.broadcast_channels) * params.run;
  for (var tap = first_tap; tap < min(first_tap + params.run, params.taps); tap++) {
    var sum = vec4f();
    for (var slab = 0u; slab < params.slabs; slab++) {
      let row = (slab * params.taps + tap) * params.broadcast_room + channel;
      sum += partial[row * blocks + block];
    }
    // @unroll
    for (var c = 0u; c < 4u; c++) {
      let spread_channel = block * 4u + c;
      if (spread_channel < params.spread_channels) {
        let at = spread_channel * params.spread_stride + channel * params.broadcast_stride + tap;
        gradient[params.offset + at] = sum[c];
      }
    }
  }
}
