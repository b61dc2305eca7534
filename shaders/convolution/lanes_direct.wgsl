// Convolution with any kernel and stride; needs lanes_common.wgsl in front.

const TILE: u32 = 8u; // @override
const OUT: u32 = 16u; // @override
const KERNEL: u32 = 3u; // @override
const STRIDE: u32 = 1u; // @override
const PAD: u32 = 1u; // @override

const INPUTS: u32 = (TILE - 1u) * STRIDE + KERNEL;
const SHARE: u32 = (KERNEL * OUT + LANES - 1u) / LANES;

@compute @workgroup_size(WORKGROUP_SIZE)
fn gather(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let tiles = (params.out_width + TILE - 1u) / TILE;
  let item = group.x * WORKGROUP_SIZE + local;
  let x0 = item % tiles * TILE;
  let y0 = item / tiles % params.out_height;
  let z0 = item / (tiles * params.out_height) % params.out_depth;
  let sample = item / (tiles * params.out_height * params.out_depth);

  var sums: array<f32, TILE * OUT>;
  var block = 0u;
  var kz = 0u;
  var ky = 0u;
  let iterations = params.in_blocks * params.kernel_depth * params.kernel_height;
  for (var i = 0u; i < iterations; i++) {
    let slice = staged_slice(sample, block, i32(z0 * params.stride_z + kz) - i32(params.pad_z));
    let row = staged_row(i32(y0 * params.stride_y + ky) - i32(params.pad_y));
    var d: array<vec4f, INPUTS>;
    // @unroll
    for (var t = 0u; t < INPUTS; t++) {
      d[t] = textureLoad(x, vec3i(i32(x0 * STRIDE + t) - i32(PAD), row, slice), 0);
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
      for (var t = 0u; t < TILE; t++) {
        // One update of each sum in an iteration: writes to what a loop carries are masked.
        var s = product(d[t * STRIDE], w[0]);
        // @unroll
        for (var k = 1u; k < KERNEL; k++) { s += product(d[t * STRIDE + k], w[k]); }
        sums[t * OUT + o] += s;
      }
    }
    ky += 1u;
    let row_done = ky == params.kernel_height;
    ky = select(ky, 0u, row_done);
    kz = select(kz, kz + 1u, row_done);
    let block_done = kz == params.kernel_depth;
    kz = select(kz, 0u, block_done);
    block = select(block, block + 1u, block_done);
  }

  if (sample >= params.samples) { return; }
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
