// Weight gradient of a convolution or transposed convolution with any kernel and stride; needs
// lanes_weight_gradient_common.wgsl in front. Of the two maps the one on the coarse side of the stride is
// spread over the lanes, the fine one is broadcast.

const KERNEL_HEIGHT: u32 = 3u; // @override
const KERNEL_WIDTH: u32 = 3u; // @override
const STRIDE: u32 = 2u; // @override
const PAD: u32 = 1u; // @override

// Fine voxels of a row that a tile meets, and how many of them a lane loads.
const FINE: u32 = (TILE - 1u) * STRIDE + KERNEL_WIDTH;
const LOADS: u32 = (FINE + CHANNEL_LANES - 1u) / CHANNEL_LANES;
const BLOCKS: u32 = CHANNELS / 4u;
// Taps of one kz.
const PLANE: u32 = KERNEL_HEIGHT * KERNEL_WIDTH;

@compute @workgroup_size(LANES)
fn direct(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_channel = group.x % params.broadcast_groups * CHANNELS;
  let block = group.x / params.broadcast_groups * CHANNEL_LANES + lane % CHANNEL_LANES;
  let kz = group.y;
  let slab = group.z * (LANES / CHANNEL_LANES) + lane / CHANNEL_LANES;

  let chunks = (params.spread_width + TILE - 1u) / TILE;
  let column = slab * params.columns;
  var x0 = column % chunks * TILE;
  var z = column / chunks % params.spread_depth;
  var sample = column / (chunks * params.spread_depth);
  var row = 0u;

  var sums: array<vec4f, PLANE * CHANNELS>;
  let iterations = params.columns * params.spread_height;
  for (var i = 0u; i < iterations; i++) {
    // Beyond the last sample slices lie outside of the textures and read 0.
    let plane = i32((sample * params.spread_blocks + block) * params.spread_depth + z);
    let slice = select(-1, plane, block < params.spread_blocks);
    let spread_row = staged_row(i32(row), params.spread_height, params.spread_shift);
    var c: array<vec4f, TILE>;
    // @unroll
    for (var t = 0u; t < TILE; t++) {
      c[t] = textureLoad(spread, vec3i(i32(x0 + t), spread_row, slice), 0);
    }
    let fine_z = i32(z * params.stride_z + kz) - i32(params.pad_z);
    let inside = fine_z >= 0 && fine_z < i32(params.broadcast_depth);
    // @unroll
    for (var k = 0u; k < KERNEL_HEIGHT; k++) {
      let fine_row = staged_row(
        i32(row * params.stride_y + k) - i32(params.pad_y),
        params.broadcast_height,
        params.broadcast_shift,
      );
      // @unroll
      for (var b = 0u; b < BLOCKS; b++) {
        let fine_block = first_channel / 4u + b;
        let fine_plane = i32((sample * params.broadcast_blocks + fine_block) * params.broadcast_depth) +
          fine_z;
        let fine_slice = select(-1, fine_plane, inside && fine_block < params.broadcast_blocks);
        var f: array<vec4f, LOADS>;
        // @unroll
        for (var j = 0u; j < LOADS; j++) {
          let column = i32(x0 * STRIDE + j * CHANNEL_LANES + lane % CHANNEL_LANES) - i32(PAD);
          f[j] = textureLoad(broadcast, vec3i(column, fine_row, fine_slice), 0);
        }
        // @unroll
        for (var o = 0u; o < 4u; o++) {
          var g: array<f32, FINE>;
          // @unroll
          for (var j = 0u; j < FINE; j++) {
            g[j] = subgroupShuffle(f[j / CHANNEL_LANES][o], holder(lane, j));
          }
          // @unroll
          for (var kx = 0u; kx < KERNEL_WIDTH; kx++) {
            // One update of each sum in an iteration: writes to what a loop carries are masked.
            var s = c[0] * g[kx];
            // @unroll
            for (var t = 1u; t < TILE; t++) { s += c[t] * g[t * STRIDE + kx]; }
            sums[(k * KERNEL_WIDTH + kx) * CHANNELS + b * 4u + o] += s;
          }
        }
      }
    }

    row += 1u;
    let column_done = row == params.spread_height;
    row = select(row, 0u, column_done);
    x0 = select(x0, x0 + TILE, column_done);
    let line_done = x0 >= params.spread_width;
    x0 = select(x0, 0u, line_done);
    z = select(z, z + 1u, line_done);
    let sample_done = z == params.spread_depth;
    z = select(z, 0u, sample_done);
    sample = select(sample, sample + 1u, sample_done);
  }

  if (block >= params.spread_blocks) { return; }
  // @unroll
  for (var k = 0u; k < PLANE; k++) {
    // @unroll
    for (var o = 0u; o < CHANNELS; o++) {
      partial[partial_index(slab, kz * PLANE + k, PLANE, first_channel + o, block)] =
        sums[k * CHANNELS + o];
    }
  }
}
