// Weight gradient of a convolution as a matrix product in tiles, for graphics cards:
//   grad_w[o, i, k] = sum over n, p of grad_y[n, o, p] * x[n, i, p * step + start + k]
// A workgroup sums some channels' products for one tap along d over a slice of the output's voxels. It
// stages a rectangle of grad_y and what that reads of x in workgroup memory; an invocation owns one tap
// along h and all along w, so that it loads a row of x once for all of them. Slices, and rows that
// several invocations share out, are added up by weight_slices.wgsl.

struct Params {
  n: u32,
  in_blocks: u32, in_d: u32, in_h: u32, in_w: u32,
  out_blocks: u32, out_d: u32, out_h: u32, out_w: u32,
  step_d: u32, start_d: i32, start_h: i32, start_w: i32,
  taps_d: u32,
  slices: u32, slice_tiles: u32,
}

const TAPS_H: u32 = 3u; // @override
const TAPS_W: u32 = 3u; // @override
const STEP_H: u32 = 1u; // @override
const STEP_W: u32 = 1u; // @override
// output voxels staged at a time
const TILE_H: u32 = 4u; // @override
const TILE_W: u32 = 8u; // @override
// blocks of four channels of one invocation
const REG_I: u32 = 1u; // @override
const REG_O: u32 = 1u; // @override
// invocations along input channels, output channels, and rows of a tile
const THREADS_I: u32 = 8u; // @override
const THREADS_O: u32 = 8u; // @override
const THREADS_R: u32 = 1u; // @override

const WORKGROUP_SIZE: u32 = 192u; // @override TAPS_H times the invocations above

const TILE_I: u32 = REG_I * THREADS_I;
const TILE_O: u32 = REG_O * THREADS_O;
const SLAB_H: u32 = (TILE_H - 1u) * STEP_H + TAPS_H;
const SLAB_W: u32 = (TILE_W - 1u) * STEP_W + TAPS_W;
const SLAB: u32 = SLAB_H * SLAB_W + 1u - SLAB_H * SLAB_W % 2u; // odd: blocks lie in different banks
const SLAB_VOXELS: u32 = TILE_I * SLAB_H * SLAB_W;
const SLAB_LOADS: u32 = (SLAB_VOXELS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const RECTANGLE: u32 = TILE_H * TILE_W + 1u - TILE_H * TILE_W % 2u;
const GRADIENT_VOXELS: u32 = TILE_O * TILE_H * TILE_W;
const GRADIENT_LOADS: u32 = (GRADIENT_VOXELS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // [n, in_blocks, d, h, w]
@group(0) @binding(2) var<storage, read> grad_y: array<vec4f>; // [n, out_blocks, d, h, w]
@group(0) @binding(3) var<storage, read_write> slices: array<vec4f>; // see weight_slices.wgsl

var<workgroup> slab: array<vec4f, TILE_I * SLAB>; // [in block][row][column]
var<workgroup> gradients: array<vec4f, TILE_O * RECTANGLE>; // [out block][row][column]

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_tiles(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32) {
  var index = group.y * groups.x + group.x;
  let out_tiles = (params.out_blocks + TILE_O - 1u) / TILE_O;
  let first_out = index % out_tiles * TILE_O;
  index /= out_tiles;
  let in_tiles = (params.in_blocks + TILE_I - 1u) / TILE_I;
  let first_in = index % in_tiles * TILE_I;
  index /= in_tiles;
  let tap_d = index % params.taps_d;
  let slice = index / params.taps_d;
  if (slice >= params.slices) { return; }

  let thread_i = local % THREADS_I;
  let thread_o = local / THREADS_I % THREADS_O;
  let thread_r = local / (THREADS_I * THREADS_O) % THREADS_R;
  let tap_h = local / (THREADS_I * THREADS_O * THREADS_R);

  var sums: array<vec4f, TAPS_W * REG_I * 4u * REG_O>;
  var values: array<vec4f, REG_I * SLAB_W>;
  let tiles_w = (params.out_w + TILE_W - 1u) / TILE_W;
  let tiles_h = (params.out_h + TILE_H - 1u) / TILE_H;
  let tiles = params.n * params.out_d * tiles_h * tiles_w;
  let last_tile = min((slice + 1u) * params.slice_tiles, tiles);
  for (var tile = slice * params.slice_tiles; tile < last_tile; tile++) {
    let tile_x = tile % tiles_w * TILE_W;
    let tile_y = tile / tiles_w % tiles_h * TILE_H;
    let out_z = tile / (tiles_w * tiles_h) % params.out_d;
    let sample = tile / (tiles_w * tiles_h) / params.out_d;
    let in_z = i32(out_z * params.step_d + tap_d) + params.start_d;
    workgroupBarrier(); // the last tile has been read
    // @unroll
    for (var load = 0u; load < SLAB_LOADS; load++) {
      let voxel = load * WORKGROUP_SIZE + local;
      if (voxel < SLAB_VOXELS) {
        let column = voxel % SLAB_W;
        let row = voxel / SLAB_W % SLAB_H;
        let staged = voxel / (SLAB_W * SLAB_H);
        let block = first_in + staged;
        let in_x = i32(tile_x * STEP_W + column) + params.start_w;
        let in_y = i32(tile_y * STEP_H + row) + params.start_h;
        var value = vec4f();
        if (in_x >= 0 && in_x < i32(params.in_w) && in_y >= 0 && in_y < i32(params.in_h) &&
          in_z >= 0 && in_z < i32(params.in_d) && block < params.in_blocks) {
          value = x[(((sample * params.in_blocks + block) * params.in_d + u32(in_z)) * params.in_h +
            u32(in_y)) * params.in_w + u32(in_x)];
        }
        slab[staged * SLAB + row * SLAB_W + column] = value;
      }
    }
    // @unroll
    for (var load = 0u; load < GRADIENT_LOADS; load++) {
      let voxel = load * WORKGROUP_SIZE + local;
      if (voxel < GRADIENT_VOXELS) {
        let column = voxel % TILE_W;
        let row = voxel / TILE_W % TILE_H;
        let staged = voxel / (TILE_W * TILE_H);
        let block = first_out + staged;
        var value = vec4f();
        if (tile_x + column < params.out_w && tile_y + row < params.out_h && block < params.out_blocks) {
          value = grad_y[(((sample * params.out_blocks + block) * params.out_d + out_z) * params.out_h +
            tile_y + row) * params.out_w + tile_x + column];
        }
        gradients[staged * RECTANGLE + row * TILE_W + column] = value;
      }
    }
    workgroupBarrier();
    for (var row = thread_r; row < TILE_H; row += THREADS_R) {
      let corner = thread_i * REG_I * SLAB + (row * STEP_H + tap_h) * SLAB_W;
      // @unroll
      for (var i = 0u; i < REG_I; i++) {
        // @unroll
        for (var column = 0u; column < SLAB_W; column++) {
          values[i * SLAB_W + column] = slab[corner + i * SLAB + column];
        }
      }
      let gradient_row = thread_o * REG_O * RECTANGLE + row * TILE_W;
      // @unroll
      for (var column = 0u; column < TILE_W; column++) {
        // @unroll
        for (var o = 0u; o < REG_O; o++) {
          let gradient = gradients[gradient_row + o * RECTANGLE + column];
          // @unroll
          for (var i = 0u; i < REG_I; i++) {
            // @unroll
            for (var tap = 0u; tap < TAPS_W; tap++) {
              // @unroll
              for (var lane = 0u; lane < 4u; lane++) {
                sums[((tap * REG_I + i) * 4u + lane) * REG_O + o] += gradient *
                  values[i * SLAB_W + column * STEP_W + tap][lane];
              }
            }
          }
        }
      }
    }
  }

  // @unroll
  for (var o = 0u; o < REG_O; o++) {
    // @unroll
    for (var i = 0u; i < REG_I; i++) {
      let out_block = first_out + thread_o * REG_O + o;
      let in_block = first_in + thread_i * REG_I + i;
      if (out_block < params.out_blocks && in_block < params.in_blocks) {
        let unit = ((slice * THREADS_R + thread_r) * params.out_blocks + out_block) * params.in_blocks +
          in_block;
        // @unroll
        for (var tap = 0u; tap < TAPS_W; tap++) {
          let at = 4u * (((unit * params.taps_d + tap_d) * TAPS_H + tap_h) * TAPS_W + tap);
          // @unroll
          for (var lane = 0u; lane < 4u; lane++) {
            slices[at + lane] = sums[((tap * REG_I + i) * 4u + lane) * REG_O + o];
          }
        }
      }
    }
  }
}
