// Convolution with three taps and stride 1 along x by Winograd's F(OUTPUTS, 3) along x; needs
// lanes_common.wgsl and lanes_f23.wgsl or lanes_f43.wgsl in front. A lane computes ROWS rows; with
// TAPS = kernel_height the rows of the kernel share the input rows they read.

const TILE: u32 = 8u; // @override
const ROWS: u32 = 1u; // @override
const OUT: u32 = 32u; // @override
// Rows of the kernel in one iteration: 1 or kernel_height.
const TAPS: u32 = 1u; // @override

const TILES: u32 = TILE / OUTPUTS;
const SHARE: u32 = (POINTS * OUT + LANES - 1u) / LANES;

@compute @workgroup_size(WORKGROUP_SIZE)
fn winograd(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let tiles = (params.out_width + TILE - 1u) / TILE;
  let rows = (params.out_height + ROWS - 1u) / ROWS;
  let item = group.x * WORKGROUP_SIZE + local;
  let x0 = item % tiles * TILE;
  let y0 = item / tiles % rows * ROWS;
  let z0 = item / (tiles * rows) % params.out_depth;
  let sample = item / (tiles * rows * params.out_depth);

  var sums: array<f32, ROWS * TILES * POINTS * OUT>;
  var block = 0u;
  var kz = 0u;
  var ky = 0u;
  let iterations = params.in_blocks * params.kernel_depth * params.kernel_height / TAPS;
  for (var i = 0u; i < iterations; i++) {
    let slice = staged_slice(sample, block, i32(z0 + kz) - i32(params.pad_z));
    var v: array<vec4f, (ROWS + TAPS - 1u) * TILES * POINTS>;
    // @unroll
    for (var r = 0u; r < ROWS + TAPS - 1u; r++) {
      let row = staged_row(i32(y0 + r + ky) - i32(params.pad_y));
      var d: array<vec4f, TILE + 2u>;
      // @unroll
      for (var t = 0u; t < TILE + 2u; t++) {
        d[t] = textureLoad(x, vec3i(i32(x0 + t) - 1, row, slice), 0);
      }
      // @unroll
      for (var q = 0u; q < TILES; q++) {
        var part: array<vec4f, POINTS>;
        // @unroll
        for (var p = 0u; p < POINTS; p++) { part[p] = d[q * OUTPUTS + p]; }
        let u = transform_input(part);
        // @unroll
        for (var p = 0u; p < POINTS; p++) { v[(r * TILES + q) * POINTS + p] = u[p]; }
      }
    }
    // @unroll
    for (var k = 0u; k < TAPS; k++) {
      let first = (kz * params.kernel_height + ky + k) * SHARE * LANES + lane;
      var share: array<vec4f, SHARE>;
      // @unroll
      for (var j = 0u; j < SHARE; j++) {
        share[j] = textureLoad(weights, vec3u(first + j * LANES, block, group.y), 0);
      }
      // @unroll
      for (var p = 0u; p < POINTS; p++) {
        // @unroll
        for (var o = 0u; o < OUT; o++) {
          let w = subgroupShuffle(share[(p * OUT + o) / LANES], (p * OUT + o) % LANES);
          // @unroll
          for (var r = 0u; r < ROWS; r++) {
            // @unroll
            for (var q = 0u; q < TILES; q++) {
              sums[((r * TILES + q) * POINTS + p) * OUT + o] +=
                product(v[((r + k) * TILES + q) * POINTS + p], w);
            }
          }
        }
      }
    }
    ky += TAPS;
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
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        let row = output_row(sample, out_block, z0, y0 + r);
        // @unroll
        for (var q = 0u; q < TILES; q++) {
          var m: array<vec4f, POINTS>;
          // @unroll
          for (var p = 0u; p < POINTS; p++) {
            m[p] = vec4f(
              sums[((r * TILES + q) * POINTS + p) * OUT + quad * 4u],
              sums[((r * TILES + q) * POINTS + p) * OUT + quad * 4u + 1u],
              sums[((r * TILES + q) * POINTS + p) * OUT + quad * 4u + 2u],
              sums[((r * TILES + q) * POINTS + p) * OUT + quad * 4u + 3u],
            );
          }
          let result = transform_output(m);
          // @unroll
          for (var t = 0u; t < OUTPUTS; t++) {
            let column = x0 + q * OUTPUTS + t;
            if (WHOLE || (column < params.out_width && y0 + r < params.out_height)) {
              store(row + column, result[t] + b);
            }
          }
        }
      }
    }
  }
}
