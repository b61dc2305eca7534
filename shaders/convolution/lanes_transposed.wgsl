// Transposed convolution with any kernel and stride, which is also the data gradient of a convolution;
// needs lanes_common.wgsl in front. Outputs whose (z, y) leave the same remainder by the stride use the
// same taps: each such class is a workgroup coordinate, so that weights stay uniform over the lanes.

// A multiple of STRIDE.
const TILE: u32 = 8u; // @override
const OUT: u32 = 16u; // @override
const KERNEL: u32 = 3u; // @override
const STRIDE: u32 = 2u; // @override
const PAD: u32 = 1u; // @override

// Output u * STRIDE + r takes taps k = (r + PAD) % STRIDE + STRIDE * j from inputs
// u + (r + PAD) / STRIDE - j.
const REACH: u32 = (KERNEL - 1u) / STRIDE;
const INPUTS: u32 = TILE / STRIDE + (STRIDE - 1u + PAD) / STRIDE + REACH;
const SHARE: u32 = (KERNEL * OUT + LANES - 1u) / LANES;

@compute @workgroup_size(WORKGROUP_SIZE)
fn scatter(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let tiles = (params.out_width + TILE - 1u) / TILE;
  let rows = (params.out_height + params.stride_y - 1u) / params.stride_y;
  let planes = (params.out_depth + params.stride_z - 1u) / params.stride_z;
  let class_y = group.z % params.stride_y;
  let class_z = group.z / params.stride_y;
  let item = group.x * WORKGROUP_SIZE + local;
  let x0 = item % tiles * TILE;
  let y0 = item / tiles % rows * params.stride_y + class_y;
  let z0 = item / (tiles * rows) % planes * params.stride_z + class_z;
  let sample = item / (tiles * rows * planes);

  let first_y = (class_y + params.pad_y) % params.stride_y;
  let first_z = (class_z + params.pad_z) % params.stride_z;
  let taps_y = (params.kernel_height + params.stride_y - 1u - first_y) / params.stride_y;
  let taps_z = (params.kernel_depth + params.stride_z - 1u - first_z) / params.stride_z;
  var sums: array<f32, TILE * OUT>;
  var block = 0u;
  var kz = first_z;
  var ky = first_y;
  let iterations = params.in_blocks * taps_z * taps_y;
  for (var i = 0u; i < iterations; i++) {
    // Exact divisions: negative dividends are multiples too.
    let slice = staged_slice(sample, block, i32(z0 + params.pad_z - kz) / i32(params.stride_z));
    let row = staged_row(i32(y0 + params.pad_y - ky) / i32(params.stride_y));
    var d: array<vec4f, INPUTS>;
    // @unroll
    for (var t = 0u; t < INPUTS; t++) {
      d[t] = textureLoad(x, vec3i(i32(x0 / STRIDE + t) - i32(REACH), row, slice), 0);
    }
    let first = (kz * params.kernel_height + ky) * SHARE * LANES + lane;
    var share: array<vec4f, SHARE>;
    // @unroll
    for (var j = 0u; j < SHARE; j++) {
      share[j] = textureLoad(weights, vec3u(first + j * LANES, block, group.y), 0);
    }
    // @unroll
    for (var o = 0u; o < OUT; o++) {
      var w: array<vec4f, KERNEL>;
      // @unroll
      for (var k = 0u; k < KERNEL; k++) {
        w[k] = subgroupShuffle(share[(k * OUT + o) / LANES], (k * OUT + o) % LANES);
      }
      // @unroll
      for (var r = 0u; r < STRIDE; r++) {
        // @unroll
        for (var u = 0u; u < TILE / STRIDE; u++) {
          var s = 0.0;
          // @unroll
          for (var j = 0u; j < (KERNEL + STRIDE - 1u - (r + PAD) % STRIDE) / STRIDE; j++) {
            let part = product(
              d[u + (r + PAD) / STRIDE + REACH - j],
              w[(r + PAD) % STRIDE + STRIDE * j],
            );
            // Not 0 + part, which no compiler may leave out.
            s = select(s + part, part, j == 0u);
          }
          sums[(u * STRIDE + r) * OUT + o] += s;
        }
      }
    }
    ky += params.stride_y;
    let row_done = ky >= params.kernel_height;
    ky = select(ky, first_y, row_done);
    kz = select(kz, kz + params.stride_z, row_done);
    let block_done = kz >= params.kernel_depth;
    kz = select(kz, first_z, block_done);
    block = select(block, block + 1u, block_done);
  }

  if (sample >= params.samples || y0 >= params.out_height || z0 >= params.out_depth) { return; }
  // @unroll
  for (var quad = 0u; quad < OUT / 4u; quad++) {
    let out_block = group.y * (OUT / 4u) + quad;
    if (out_block < params.out_blocks) {
      let b = bias_of(group.y, quad);
      let row = output_row(sample, out_block, z0, y0);
      // @unroll
      for (var t = 0u; t < TILE; t++) {
        if (WHOLE || x0 + t < params.out_width) {
          store(row + x0 + t, b + vec4f(
            sums[t * OUT + quad * 4u],
            sums[t * OUT + quad * 4u + 1u],
            sums[t * OUT + quad * 4u + 2u],
            sums[t * OUT + quad * 4u + 3u],
          ));
        }
      }
    }
  }
}
