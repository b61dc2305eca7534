// Convolution, and its data gradient, straight from the definition:
//   y[n, o, p] = bias[o] + sum over i, k of w[o, i, k] * x[n, i, p * stride + k - (kernel - 1) / 2]
//   grad_x[n, i, q] = sum over o, k, p with p * stride + k - (kernel - 1) / 2 = q of w[o, i, k] * grad_y[n, o, p]
// Both gather a target voxel from source voxels; TRANSPOSED chooses how positions correspond.

struct Params {
  n: u32,
  target_channels: u32, target_blocks: u32, target_d: u32, target_h: u32, target_w: u32,
  source_blocks: u32, source_d: u32, source_h: u32, source_w: u32,
  kernel_d: u32, kernel_h: u32, kernel_w: u32,
  stride_d: u32, stride_h: u32, stride_w: u32,
  has_bias: u32, accumulate: u32,
}

override WORKGROUP_SIZE: u32 = 64u;
override TRANSPOSED: bool = false;
const TILE: u32 = 4u; // @override target voxels along w of one invocation

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> packed_weight: array<vec4f>; // see pack_weight.wgsl
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> source: array<vec4f>; // [n, source_blocks, d, h, w]
@group(0) @binding(4) var<storage, read_write> target_map: array<vec4f>; // [n, target_blocks, d, h, w]

@compute @workgroup_size(WORKGROUP_SIZE)
fn gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let tiles = (params.target_w + TILE - 1u) / TILE;
  if (i >= params.n * params.target_blocks * params.target_d * params.target_h * tiles) { return; }
  let x = i % tiles * TILE;
  let y = i / tiles % params.target_h;
  let z = i / tiles / params.target_h % params.target_d;
  let map = i / tiles / params.target_h / params.target_d;
  let block = map % params.target_blocks;
  let sample = map / params.target_blocks;

  var sums: array<vec4f, TILE>;
  let source_plane = params.source_h * params.source_w;
  let source_voxels = params.source_d * source_plane;
  let source_map = sample * params.source_blocks * source_voxels;
  var tap = block * params.kernel_d * params.kernel_h * params.kernel_w;
  for (var kz = 0u; kz < params.kernel_d; kz++) {
    let sz = source_position(z, kz, params.kernel_d, params.stride_d, params.source_d);
    for (var ky = 0u; ky < params.kernel_h; ky++) {
      let sy = source_position(y, ky, params.kernel_h, params.stride_h, params.source_h);
      if (sz < 0 || sy < 0) {
        tap += params.kernel_w;
        continue;
      }
      let row = source_map + u32(sz) * source_plane + u32(sy) * params.source_w;
      for (var kx = 0u; kx < params.kernel_w; kx++) {
        var positions: array<i32, TILE>;
        // @unroll
        for (var t = 0u; t < TILE; t++) {
          positions[t] = source_position(x + t, kx, params.kernel_w, params.stride_w, params.source_w);
        }
        var w = tap * 4u * params.source_blocks;
        var voxel = row;
        for (var source_block = 0u; source_block < params.source_blocks; source_block++) {
          let weights = mat4x4f(packed_weight[w], packed_weight[w + 1u], packed_weight[w + 2u],
            packed_weight[w + 3u]);
          // @unroll
          for (var t = 0u; t < TILE; t++) {
            if (positions[t] >= 0) { sums[t] += weights * source[voxel + u32(positions[t])]; }
          }
          w += 4u;
          voxel += source_voxels;
        }
        tap++;
      }
    }
  }

  var start = vec4f();
  if (params.has_bias != 0u) {
    for (var lane = 0u; lane < 4u; lane++) {
      let channel = 4u * block + lane;
      if (channel < params.target_channels) { start[lane] = bias[channel]; }
    }
  }
  let out = ((map * params.target_d + z) * params.target_h + y) * params.target_w + x;
  // @unroll
  for (var t = 0u; t < TILE; t++) {
    if (x + t < params.target_w) {
      var value = start + sums[t];
      if (params.accumulate != 0u) { value += target_map[out + t]; }
      target_map[out + t] = value;
    }
  }
}

// Where tap `k` of the target voxel at `position` lies in the source along one axis; -1: nowhere.
fn source_position(position: u32, k: u32, kernel: u32, stride: u32, extent: u32) -> i32 {
  let padding = (i32(kernel) - 1) / 2;
  var at: i32;
  if (TRANSPOSED) {
    let shifted = i32(position) + padding - i32(k);
    at = select(-1, shifted / i32(stride), shifted >= 0 && shifted % i32(stride) == 0);
  } else {
    at = i32(position * stride + k) - padding;
  }
  return select(-1, at, at < i32(extent));
}
