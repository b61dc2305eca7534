// Weight gradient of a convolution with stride 1 and 3 × 3 taps along (y, x), by Winograd's F(3, OUTPUTS)
// along x; needs lanes_weight_gradient_common.wgsl and lanes_f23.wgsl or lanes_f43.wgsl in front. The
// input is spread over the lanes, the output's gradient broadcast. A column is walked along y and keeps
// the transformed input rows it still needs.

const TILES: u32 = TILE / OUTPUTS;
// (tile, block of channels) pairs of the broadcast map, and how many of them a lane loads.
const ITEMS: u32 = TILES * CHANNELS / 4u;
const LOADS: u32 = (ITEMS + CHANNEL_LANES - 1u) / CHANNEL_LANES;

@compute @workgroup_size(LANES)
fn winograd(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_channel = group.x % params.broadcast_groups * CHANNELS;
  let block = group.x / params.broadcast_groups * CHANNEL_LANES + lane % CHANNEL_LANES;
  let kz = group.y;
  let slab = group.z * (LANES / CHANNEL_LANES) + lane / CHANNEL_LANES;

  // Planes of the output whose input plane exists for this kz.
  let first_z = params.pad_z - min(params.pad_z, kz);
  let end_z = params.spread_depth + params.pad_z - max(params.pad_z, kz);
  let planes = max(end_z - first_z, 1u);
  let chunks = (params.spread_width + TILE - 1u) / TILE;
  let column = slab * params.columns;
  var x0 = column % chunks * TILE;
  var z = column / chunks % planes + first_z;
  var sample = column / (chunks * planes);
  var row = 0u;

  var sums: array<vec4f, 3u * POINTS * CHANNELS>;
  var u: array<vec4f, 3u * TILES * POINTS>;
  let iterations = params.columns * (params.spread_height + 1u);
  for (var i = 0u; i < iterations; i++) {
    // Rows move up by one; beyond the last sample slices lie outside of the textures and read 0.
    // @unroll
    for (var j = 0u; j < 2u * TILES * POINTS; j++) { u[j] = u[j + TILES * POINTS]; }
    let in_z = z + kz - params.pad_z;
    let in_slice = i32((sample * params.spread_blocks + block) * params.spread_depth + in_z);
    let in_row = staged_row(i32(row), params.spread_height, params.spread_shift);
    let inside = block < params.spread_blocks && in_z < params.spread_depth && z < end_z;
    let slice = select(-1, in_slice, inside);
    var d: array<vec4f, TILE + 2u>;
    // @unroll
    for (var t = 0u; t < TILE + 2u; t++) {
      d[t] = textureLoad(spread, vec3i(i32(x0 + t) - 1, in_row, slice), 0);
    }
    // @unroll
    for (var q = 0u; q < TILES; q++) {
      var part: array<vec4f, POINTS>;
      // @unroll
      for (var p = 0u; p < POINTS; p++) { part[p] = d[q * OUTPUTS + p]; }
      let transformed = transform_input(part);
      // @unroll
      for (var p = 0u; p < POINTS; p++) { u[(2u * TILES + q) * POINTS + p] = transformed[p]; }
    }

    // The gradient's row lies one behind: row -1 reads 0, so a new column may start with old rows.
    let gradient_row = staged_row(i32(row) - 1, params.broadcast_height, params.broadcast_shift);
    var e: array<vec4f, LOADS * POINTS>;
    // @unroll
    for (var j = 0u; j < LOADS; j++) {
      let item = j * CHANNEL_LANES + lane % CHANNEL_LANES;
      let out_block = first_channel / 4u + item / TILES;
      let plane = (sample * params.broadcast_blocks + out_block) * params.broadcast_depth + z;
      let out_slice = select(-1, i32(plane), out_block < params.broadcast_blocks);
      var part: array<vec4f, OUTPUTS>;
      // @unroll
      for (var t = 0u; t < OUTPUTS; t++) {
        let at = vec3i(i32(x0 + item % TILES * OUTPUTS + t), gradient_row, out_slice);
        part[t] = textureLoad(broadcast, at, 0);
      }
      let transformed = transform_gradient(part);
      // @unroll
      for (var p = 0u; p < POINTS; p++) { e[j * POINTS + p] = transformed[p]; }
    }

    // @unroll
    for (var p = 0u; p < POINTS; p++) {
      // @unroll
      for (var o = 0u; o < CHANNELS; o++) {
        var g: array<f32, TILES>;
        // @unroll
        for (var q = 0u; q < TILES; q++) {
          g[q] = subgroupShuffle(
            e[(o / 4u * TILES + q) / CHANNEL_LANES * POINTS + p][o % 4u],
            holder(lane, o / 4u * TILES + q),
          );
        }
        // @unroll
        for (var k = 0u; k < 3u; k++) {
          // One update of each sum in an iteration: writes to what a loop carries are masked.
          var s = u[k * TILES * POINTS + p] * g[0];
          // @unroll
          for (var q = 1u; q < TILES; q++) { s += u[(k * TILES + q) * POINTS + p] * g[q]; }
          sums[(k * POINTS + p) * CHANNELS + o] += s;
        }
      }
    }

    row += 1u;
    let column_done = row > params.spread_height;
    row = select(row, 0u, column_done);
    x0 = select(x0, x0 + TILE, column_done);
    let line_done = x0 >= params.spread_width;
    x0 = select(x0, 0u, line_done);
    z = select(z, z + 1u, line_done);
    let sample_done = z >= end_z;
    z = select(z, first_z, sample_done);
    sample = select(sample, sample + 1u, sample_done);
  }

  if (block >= params.spread_blocks) { return; }
  // @unroll
  for (var k = 0u; k < 3u; k++) {
    // @unroll
    for (var o = 0u; o < CHANNELS; o++) {
      var m: array<vec4f, POINTS>;
      // @unroll
      for (var p = 0u; p < POINTS; p++) { m[p] = sums[(k * POINTS + p) * CHANNELS + o]; }
      let g = transform_weight_gradient(m);
      // @unroll
      for (var kx = 0u; kx < 3u; kx++) {
        partial[partial_index(slab, (kz * 3u + k) * 3u + kx, 9u, first_channel + o, block)] = g[kx];
      }
    }
  }
}
