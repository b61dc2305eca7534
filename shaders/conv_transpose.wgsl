// Transposed convolution whose kernel equals its stride, so that every output voxel has one source:
//   y[n, o, q * stride + k] = bias[o] + sum over i of w[i, o, k] * x[n, i, q]
//   grad_x[n, i, q] = sum over o, k of w[i, o, k] * grad_y[n, o, q * stride + k]
//   grad_w[i, o, k] = sum over n, q of x[n, i, q] * grad_y[n, o, q * stride + k]
// Weights are packed first, see convolution/pack_weight.wgsl: for `forward` with o as target channels,
// for `backward_x` with i. d, h, w are the extents of x.

struct Params {
  n: u32, d: u32, h: u32, w: u32,
  in_channels: u32, in_blocks: u32, out_channels: u32, out_blocks: u32,
  stride_d: u32, stride_h: u32, stride_w: u32,
  has_bias: u32,
  chunk_rows: u32, chunks: u32,
}

override WORKGROUP_SIZE: u32 = 64u;
const TAPS: u32 = 8u; // @override voxels of the kernel

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // [n, in_blocks, d, h, w]
@group(0) @binding(2) var<storage, read> packed_weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [n, out_blocks, d, h, w · stride]
@group(0) @binding(5) var<storage, read> grad_y: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> grad_x: array<vec4f>;
// [chunk][in block][out block][tap][4 input channels], a vector of four output channels
@group(0) @binding(7) var<storage, read_write> partial: array<vec4f>;
@group(0) @binding(8) var<storage, read> partial_sums: array<f32>; // the same, by element
@group(0) @binding(9) var<storage, read_write> grad_weight: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let voxels = params.d * params.h * params.w;
  if (i >= params.n * params.out_blocks * voxels) { return; }
  let block = i / voxels % params.out_blocks;
  let sample = i / voxels / params.out_blocks;
  var sums: array<vec4f, TAPS>;
  var start = vec4f();
  if (params.has_bias != 0u) {
    for (var lane = 0u; lane < 4u; lane++) {
      let channel = 4u * block + lane;
      if (channel < params.out_channels) { start[lane] = bias[channel]; }
    }
  }
  // @unroll
  for (var tap = 0u; tap < TAPS; tap++) { sums[tap] = start; }
  let base = sample * params.in_blocks * voxels + i % voxels;
  for (var source = 0u; source < params.in_blocks; source++) {
    let v = x[base + source * voxels];
    let w = 4u * (block * TAPS * params.in_blocks + source);
    // @unroll
    for (var tap = 0u; tap < TAPS; tap++) {
      sums[tap] += weights(w + 4u * tap * params.in_blocks) * v;
    }
  }
  // @unroll
  for (var tap = 0u; tap < TAPS; tap++) {
    y[output_index(sample * params.out_blocks + block, i % voxels, tap)] = sums[tap];
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_x(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let voxels = params.d * params.h * params.w;
  if (i >= params.n * params.in_blocks * voxels) { return; }
  let block = i / voxels % params.in_blocks;
  let sample = i / voxels / params.in_blocks;
  var sum = vec4f();
  for (var source = 0u; source < params.out_blocks; source++) {
    let map = sample * params.out_blocks + source;
    let w = 4u * (block * TAPS * params.out_blocks + source);
    // @unroll
    for (var tap = 0u; tap < TAPS; tap++) {
      sum += weights(w + 4u * tap * params.out_blocks) * grad_y[output_index(map, i % voxels, tap)];
    }
  }
  grad_x[i] = sum;
}

// Four by four channels of one tap over some rows of x; `backward_weight` adds the chunks up.
@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_chunks(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.chunks * params.in_blocks * params.out_blocks * TAPS) { return; }
  let tap = i % TAPS;
  let out_block = i / TAPS % params.out_blocks;
  let in_block = i / TAPS / params.out_blocks % params.in_blocks;
  let chunk = i / TAPS / params.out_blocks / params.in_blocks;
  let rows_a_sample = params.d * params.h;
  let last = min((chunk + 1u) * params.chunk_rows, params.n * rows_a_sample);
  var sum = mat4x4f();
  for (var row = chunk * params.chunk_rows; row < last; row++) {
    let sample = row / rows_a_sample;
    let voxel = row % rows_a_sample * params.w;
    let x_row = (sample * params.in_blocks + in_block) * rows_a_sample * params.w + voxel;
    let y_row = output_index(sample * params.out_blocks + out_block, voxel, tap);
    var row_sum = mat4x4f(); // naga does not reset a variable without initialiser in a loop
    for (var p = 0u; p < params.w; p++) {
      let g = grad_y[y_row + p * params.stride_w];
      let v = x[x_row + p];
      row_sum += mat4x4f(g * v.x, g * v.y, g * v.z, g * v.w);
    }
    sum += row_sum;
  }
  // @unroll
  for (var j = 0u; j < 4u; j++) { partial[4u * i + j] = sum[j]; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_weight(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.in_channels * params.out_channels * TAPS) { return; }
  let tap = i % TAPS;
  let out_channel = i / TAPS % params.out_channels;
  let in_channel = i / TAPS / params.out_channels;
  let unit = ((in_channel / 4u) * params.out_blocks + out_channel / 4u) * TAPS + tap;
  let element = 16u * unit + 4u * (in_channel % 4u) + out_channel % 4u;
  let step = 16u * params.in_blocks * params.out_blocks * TAPS;
  var sum = 0.0;
  for (var chunk = 0u; chunk < params.chunks; chunk++) { sum += partial_sums[element + chunk * step]; }
  grad_weight[i] = sum;
}

fn weights(at: u32) -> mat4x4f {
  return mat4x4f(packed_weight[at], packed_weight[at + 1u], packed_weight[at + 2u],
    packed_weight[at + 3u]);
}

// Where tap `tap` of x's voxel `voxel` lies in y; `map` counts samples and blocks.
fn output_index(map: u32, voxel: u32, tap: u32) -> u32 {
  let kx = tap % params.stride_w;
  let ky = tap / params.stride_w % params.stride_h;
  let kz = tap / params.stride_w / params.stride_h;
  let out_x = voxel % params.w * params.stride_w + kx;
  let out_y = voxel / params.w % params.h * params.stride_h + ky;
  let out_z = voxel / params.w / params.h * params.stride_d + kz;
  return ((map * params.d * params.stride_d + out_z) * params.h * params.stride_h + out_y) *
    params.w * params.stride_w + out_x;
}
