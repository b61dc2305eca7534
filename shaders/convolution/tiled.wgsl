// Convolution as a matrix product in tiles, for graphics cards. A workgroup computes a box of voxels of
// some channels. It stages what that box reads of a few planes and channels of the source (the slab) and
// the weights that go with it in workgroup memory; each invocation keeps a tile of sums in registers.
//
// One text serves every direction: position g of a grid is target voxel g * target_step + target_start
// and sums, along each axis, taps t of source voxel g * STEP + source_start + t with tap
// tap_start + t * tap_step of the weight. A phase p of a transposed convolution whose kernel is its
// stride moves target and weight tap alike by p.

struct Params {
  n: u32,
  target_channels: u32, target_blocks: u32, target_d: u32, target_h: u32, target_w: u32,
  source_blocks: u32, source_d: u32, source_h: u32, source_w: u32,
  grid_d: u32, grid_h: u32, grid_w: u32,
  target_step_d: u32, target_step_h: u32, target_step_w: u32,
  target_start_d: u32, target_start_h: u32, target_start_w: u32,
  source_step_d: u32,
  source_start_d: i32, source_start_h: i32, source_start_w: i32,
  taps_d: u32,
  tap_start_d: i32, tap_start_h: i32, tap_start_w: i32,
  tap_step_d: i32, tap_step_h: i32, tap_step_w: i32,
  weight_d: u32, weight_h: u32, weight_w: u32,
  phases_d: u32, phases_h: u32, phases_w: u32,
  slices: u32, slice_steps: u32,
  has_bias: u32, accumulate: u32,
}

// taps and source steps within a plane
const TAPS_H: u32 = 3u; // @override
const TAPS_W: u32 = 3u; // @override
const STEP_H: u32 = 1u; // @override
const STEP_W: u32 = 1u; // @override
// voxels and blocks of four channels of one invocation
const REG_H: u32 = 1u; // @override
const REG_W: u32 = 8u; // @override
const REG_C: u32 = 2u; // @override
// invocations along each axis
const THREADS_D: u32 = 4u; // @override
const THREADS_H: u32 = 8u; // @override
const THREADS_W: u32 = 1u; // @override
const THREADS_C: u32 = 4u; // @override
const STAGED: u32 = 1u; // @override source blocks staged at a time

const WORKGROUP_SIZE: u32 = 128u; // @override of `gather` the product of the invocations above

const TILE_H: u32 = REG_H * THREADS_H;
const TILE_W: u32 = REG_W * THREADS_W;
const TILE_C: u32 = REG_C * THREADS_C;
const SLAB_H: u32 = (TILE_H - 1u) * STEP_H + TAPS_H;
const SLAB_W: u32 = (TILE_W - 1u) * STEP_W + TAPS_W;
// odd, so that neighbours in a column lie in different banks
const PITCH: u32 = SLAB_W + 1u - SLAB_W % 2u;
const SLAB: u32 = THREADS_D * SLAB_H * PITCH;
const SLAB_VOXELS: u32 = STAGED * THREADS_D * SLAB_H * SLAB_W;
const SLAB_LOADS: u32 = (SLAB_VOXELS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const WEIGHTS: u32 = STAGED * TAPS_H * TAPS_W * 4u * TILE_C;
const WEIGHT_LOADS: u32 = (WEIGHTS + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
const COLUMNS: u32 = (REG_W - 1u) * STEP_W + TAPS_W;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> packed_weight: array<vec4f>; // see pack_weight.wgsl
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> source: array<vec4f>; // [n, source_blocks, d, h, w]
// [n, target_blocks, d, h, w], or with several slices [slice][the same], added up by `sum_slices`
@group(0) @binding(4) var<storage, read_write> target_map: array<vec4f>;
@group(0) @binding(5) var<storage, read> slice_maps: array<vec4f>;

var<workgroup> slab: array<vec4f, STAGED * SLAB>; // [block][plane][row][PITCH]
var<workgroup> weights: array<vec4f, WEIGHTS>; // [block][tap][source lane][target block]

@compute @workgroup_size(WORKGROUP_SIZE)
fn gather(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32) {
  // Workgroups that read the same voxels come after each other.
  var index = group.y * groups.x + group.x;
  let channel_tiles = (params.target_blocks + TILE_C - 1u) / TILE_C;
  let first_block = index % channel_tiles * TILE_C;
  index /= channel_tiles;
  let phase_w = index % params.phases_w;
  index /= params.phases_w;
  let phase_h = index % params.phases_h;
  index /= params.phases_h;
  let phase_d = index % params.phases_d;
  index /= params.phases_d;
  let slice = index % params.slices;
  index /= params.slices;
  let tiles_w = (params.grid_w + TILE_W - 1u) / TILE_W;
  let tile_x = index % tiles_w * TILE_W;
  index /= tiles_w;
  let tiles_h = (params.grid_h + TILE_H - 1u) / TILE_H;
  let tile_y = index % tiles_h * TILE_H;
  index /= tiles_h;
  let tiles_d = (params.grid_d + THREADS_D - 1u) / THREADS_D;
  let tile_z = index % tiles_d * THREADS_D;
  let sample = index / tiles_d;
  if (sample >= params.n) { return; }

  // The invocations of a subgroup share their weights and read neighbouring rows.
  let thread_w = local % THREADS_W;
  let thread_h = local / THREADS_W % THREADS_H;
  let thread_d = local / (THREADS_W * THREADS_H) % THREADS_D;
  let thread_c = local / (THREADS_W * THREADS_H * THREADS_D);

  // Where in a source plane the voxels lie that this invocation stages; -1: outside.
  var staged_at: array<i32, SLAB_LOADS>;
  // @unroll
  for (var load = 0u; load < SLAB_LOADS; load++) {
    let voxel = load * WORKGROUP_SIZE + local;
    let x = i32(tile_x * STEP_W + voxel % SLAB_W) + params.source_start_w;
    let y = i32(tile_y * STEP_H + voxel / SLAB_W % SLAB_H) + params.source_start_h;
    let inside = x >= 0 && x < i32(params.source_w) && y >= 0 && y < i32(params.source_h);
    staged_at[load] = select(-1, y * i32(params.source_w) + x, inside);
  }
  let front = i32(tile_z * params.source_step_d) + params.source_start_d;
  let source_plane = params.source_h * params.source_w;
  let source_map = sample * params.source_blocks;

  var sums: array<vec4f, REG_H * REG_W * REG_C>;
  var values: array<vec4f, REG_H * COLUMNS>;
  let stages = (params.source_blocks + STAGED - 1u) / STAGED;
  let last_step = min((slice + 1u) * params.slice_steps, stages * params.taps_d);
  for (var step = slice * params.slice_steps; step < last_step; step++) {
    let tap_d = step % params.taps_d;
    let stage = step / params.taps_d * STAGED;
    workgroupBarrier(); // the last step's slab has been read
    // @unroll
    for (var load = 0u; load < SLAB_LOADS; load++) {
      let voxel = load * WORKGROUP_SIZE + local;
      if (voxel < SLAB_VOXELS) {
        let block = stage + voxel / (SLAB_W * SLAB_H * THREADS_D);
        let plane = voxel / (SLAB_W * SLAB_H) % THREADS_D;
        let z = front + i32(plane * params.source_step_d + tap_d);
        var value = vec4f();
        if (staged_at[load] >= 0 && z >= 0 && z < i32(params.source_d) && block < params.source_blocks) {
          value = source[((source_map + block) * params.source_d + u32(z)) * source_plane +
            u32(staged_at[load])];
        }
        slab[voxel / SLAB_W * PITCH + voxel % SLAB_W] = value;
      }
    }
    let weight_z = params.tap_start_d + i32(phase_d) + i32(tap_d) * params.tap_step_d;
    // @unroll
    for (var load = 0u; load < WEIGHT_LOADS; load++) {
      let i = load * WORKGROUP_SIZE + local;
      if (i < WEIGHTS) {
        let lane = i % 4u;
        let target_block = i / 4u % TILE_C;
        let tap = i / (4u * TILE_C) % (TAPS_H * TAPS_W);
        let staged = i / (4u * TILE_C * TAPS_H * TAPS_W);
        let x = params.tap_start_w + i32(phase_w) + i32(tap % TAPS_W) * params.tap_step_w;
        let y = params.tap_start_h + i32(phase_h) + i32(tap / TAPS_W) * params.tap_step_h;
        let weight_tap = (((first_block + target_block) * params.weight_d + u32(weight_z)) *
          params.weight_h + u32(y)) * params.weight_w + u32(x);
        // beyond the last block these are weights of others, which meet zeros or are not written
        weights[((staged * TAPS_H * TAPS_W + tap) * 4u + lane) * TILE_C + target_block] =
          packed_weight[4u * (weight_tap * params.source_blocks + stage + staged) + lane];
      }
    }
    workgroupBarrier();
    for (var row = 0u; row < STAGED * TAPS_H; row++) {
      let corner = row / TAPS_H * SLAB + row % TAPS_H * PITCH + thread_w * REG_W * STEP_W +
        (thread_d * SLAB_H + thread_h * REG_H * STEP_H) * PITCH;
      // @unroll
      for (var h = 0u; h < REG_H; h++) {
        // @unroll
        for (var column = 0u; column < COLUMNS; column++) {
          values[h * COLUMNS + column] = slab[corner + h * STEP_H * PITCH + column];
        }
      }
      let weight_row = row * TAPS_W * 4u * TILE_C + thread_c * REG_C;
      // @unroll
      for (var tap = 0u; tap < TAPS_W; tap++) {
        // @unroll
        for (var lane = 0u; lane < 4u; lane++) {
          // @unroll
          for (var c = 0u; c < REG_C; c++) {
            let weight = weights[weight_row + (4u * tap + lane) * TILE_C + c];
            // @unroll
            for (var h = 0u; h < REG_H; h++) {
              // @unroll
              for (var w = 0u; w < REG_W; w++) {
                sums[(h * REG_W + w) * REG_C + c] += weight * values[h * COLUMNS + w * STEP_W + tap][lane];
              }
            }
          }
        }
      }
    }
  }

  let z = tile_z + thread_d;
  if (z >= params.grid_d) { return; }
  let target_z = z * params.target_step_d + params.target_start_d + phase_d;
  // @unroll
  for (var c = 0u; c < REG_C; c++) {
    let block = first_block + thread_c * REG_C + c;
    if (block < params.target_blocks) {
      let start = bias_of(block);
      let map = (slice * params.n + sample) * params.target_blocks + block;
      // @unroll
      for (var h = 0u; h < REG_H; h++) {
        let y = tile_y + thread_h * REG_H + h;
        let target_y = y * params.target_step_h + params.target_start_h + phase_h;
        let target_row = ((map * params.target_d + target_z) * params.target_h + target_y) *
          params.target_w + params.target_start_w + phase_w;
        // @unroll
        for (var w = 0u; w < REG_W; w++) {
          let x = tile_x + thread_w * REG_W + w;
          if (y < params.grid_h && x < params.grid_w) {
            let at = target_row + x * params.target_step_w;
            var value = start + sums[(h * REG_W + w) * REG_C + c];
            if (params.accumulate != 0u) { value += target_map[at]; }
            target_map[at] = value;
          }
        }
      }
    }
  }
}

// Adds the slices of the source's channels up, in their order.
@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_slices(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let voxels = params.target_d * params.target_h * params.target_w;
  let size = params.n * params.target_blocks * voxels;
  if (i >= size) { return; }
  var value = bias_of(i / voxels % params.target_blocks);
  if (params.accumulate != 0u) { value += target_map[i]; }
  for (var slice = 0u; slice < params.slices; slice++) { value += slice_maps[slice * size + i]; }
  target_map[i] = value;
}

// The bias of a block's channels; 0 beyond the last.
fn bias_of(block: u32) -> vec4f {
  var value = vec4f();
  if (params.has_bias != 0u) {
    for (var lane = 0u; lane < 4u; lane++) {
      let channel = 4u * block + lane;
      if (channel < params.target_channels) { value[lane] = bias[channel]; }
    }
  }
  return value;
}
