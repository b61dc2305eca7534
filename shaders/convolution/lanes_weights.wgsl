// Rearranges weights for the lanes kernels, transformed along x by the file in front of this one
// (lanes_f23.wgsl, lanes_f43.wgsl, lanes_plain.wgsl). Texel (tap * ROW + point * OUT + o, block, group),
// tap = kz * kernel_height + ky, holds the weights of output channel group * OUT + o for the four input
// channels of the block; 0 where there is no such channel. One block further, texel (quad, blocks, group)
// holds the biases of output channels group * OUT + 4 * quad and following.

struct Params {
  out_channels: u32,
  in_channels: u32,
  kernel_width: u32,
  // kernel_depth * kernel_height
  taps: u32,
  // Elements from one channel to the next in `weight`, and where the first one begins.
  out_stride: u32,
  in_stride: u32,
  offset: u32,
  // Reverse the order of the taps along all axes.
  flip: u32,
  // Channels that have a bias: all or none.
  bias_channels: u32,
}

override WORKGROUP_SIZE: u32 = 64u;
override OUT: u32 = 32u;
// Texels of a tap: POINTS * OUT, rounded up to the lanes that load them together.
override ROW: u32 = 192u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var packed: texture_storage_3d<rgba32float, write>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_weights(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let blocks = (params.in_channels + 3u) / 4u;
  let o = i % OUT;
  let tap = i / OUT % params.taps;
  let block = i / (OUT * params.taps) % blocks;
  let group = i / (OUT * params.taps * blocks);
  if (group * OUT >= params.out_channels) { return; }
  if (tap == 0u && block == 0u && o < OUT / 4u) {
    var b = vec4f();
    // @unroll
    for (var c = 0u; c < 4u; c++) {
      let channel = group * OUT + o * 4u + c;
      if (channel < params.bias_channels) { b[c] = bias[channel]; }
    }
    textureStore(packed, vec3u(o, blocks, group), b);
  }
  var g: array<vec4f, 3>;
  let out_channel = group * OUT + o;
  if (out_channel < params.out_channels) {
    let size = params.taps * params.kernel_width;
    // @unroll
    for (var c = 0u; c < 4u; c++) {
      let in_channel = block * 4u + c;
      if (in_channel < params.in_channels) {
        let first = params.offset + out_channel * params.out_stride + in_channel * params.in_stride;
        // @unroll
        for (var kx = 0u; kx < 3u; kx++) {
          if (kx < params.kernel_width) {
            let position = tap * params.kernel_width + kx;
            g[kx][c] = weight[first + select(position, size - 1u - position, params.flip != 0u)];
          }
        }
      }
    }
  }
  let points = transform_weight(g);
  // @unroll
  for (var p = 0u; p < POINTS; p++) {
    textureStore(packed, vec3u(tap * ROW + p * OUT + o, block, group), points[p]);
  }
}
