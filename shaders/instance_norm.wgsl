// Instance norm with affine parameters and, optionally, leaky ReLU:
//   h = (x - mean) * rstd        mean and biased variance over the voxels of one sample and channel
//   z = weight * h + bias        y = z where z > 0, negative_slope * z elsewhere
// A plane is one block of four channels of one sample. Each workgroup takes a tile of one plane, in
// chunks of eight vectors a lane; where a plane has several tiles, one workgroup a plane merges their
// results, always in the same order. Needs lib/statistics.wgsl.

struct Params {
  channels: u32, blocks: u32, planes: u32, voxels: u32, tiles: u32, chunks: u32,
  eps: f32, negative_slope: f32
}

override WORKGROUP_SIZE: u32 = 64u;
const VECTORS: u32 = 8u; // of a lane in a chunk
const CHUNK: u32 = 512u; // WORKGROUP_SIZE * VECTORS

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> grad_y: array<vec4f>;
// Two vectors a tile: mean and sum of squared deviations, or the two sums of the gradient.
@group(0) @binding(3) var<storage, read> partials: array<vec4f>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
// Four vectors a plane: mean, rstd, weight, bias.
@group(0) @binding(6) var<storage, read> constants: array<vec4f>;
// Two vectors a plane: sum of grad_z, sum of grad_z * h. With one tile a plane these are the partials.
@group(0) @binding(7) var<storage, read> sums: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> grad_weight: array<f32>;
@group(0) @binding(10) var<storage, read_write> grad_bias: array<f32>;

var<workgroup> statistics: array<Statistics, 64>;
var<workgroup> merged_statistics: array<Statistics, 8>;
var<workgroup> pairs: array<array<vec4f, 2>, 64>;
var<workgroup> merged_pairs: array<array<vec4f, 2>, 8>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_statistics(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.planes * params.tiles) { return; }
  let plane = tile / params.tiles;
  var mine = Statistics(0.0, vec4f(0.0), vec4f(0.0));
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let start = first_voxel(tile, chunk, lane);
    var values: array<vec4f, VECTORS>;
    var count = 0.0;
    var sum = vec4f(0.0);
    // @unroll
    for (var i = 0u; i < VECTORS; i++) {
      if (start + i * 8u < params.voxels) {
        values[i] = x[plane * params.voxels + start + i * 8u];
        sum += values[i];
        count += 1.0;
      }
    }
    let mean = sum / max(count, 1.0);
    var deviations = vec4f(0.0);
    // @unroll
    for (var i = 0u; i < VECTORS; i++) {
      if (start + i * 8u < params.voxels) {
        deviations += (values[i] - mean) * (values[i] - mean);
      }
    }
    mine = merge(mine, Statistics(count, mean, deviations));
  }
  let total = merge_lanes(lane, mine);
  if (lane == 0u) {
    if (params.tiles == 1u) {
      write_constants(plane, total);
    } else {
      out[2u * tile] = total.mean;
      out[2u * tile + 1u] = total.deviations;
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn merge_statistics(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let plane = group.y * groups.x + group.x;
  if (plane >= params.planes) { return; }
  var mine = Statistics(0.0, vec4f(0.0), vec4f(0.0));
  for (var i = lane; i < params.tiles; i += WORKGROUP_SIZE) {
    let tile = plane * params.tiles + i;
    let size = params.chunks * CHUNK;
    let count = f32(min(size, params.voxels - i * size));
    mine = merge(mine, Statistics(count, partials[2u * tile], partials[2u * tile + 1u]));
  }
  let total = merge_lanes(lane, mine);
  if (lane == 0u) { write_constants(plane, total); }
}

fn write_constants(plane: u32, total: Statistics) {
  out[4u * plane] = total.mean;
  out[4u * plane + 1u] = 1.0 / sqrt(total.deviations / total.count + params.eps);
  // Unused channels get weight and bias 0, so y and the gradients are 0 there.
  var w = vec4f(0.0);
  var b = vec4f(0.0);
  for (var k = 0u; k < 4u; k++) {
    let c = 4u * (plane % params.blocks) + k;
    if (c < params.channels) { w[k] = weight[c]; b[k] = bias[c]; }
  }
  out[4u * plane + 2u] = w;
  out[4u * plane + 3u] = b;
}

// Of a lane, whose other voxels follow at a distance of eight: so every eight lanes go over 64 voxels
// that lie side by side, which caches like, and still read whole cache lines at a time.
fn first_voxel(tile: u32, chunk: u32, lane: u32) -> u32 {
  return ((tile % params.tiles) * params.chunks + chunk) * CHUNK + lane / 8u * 64u + lane % 8u;
}

// The result is in lane 0.
fn merge_lanes(lane: u32, mine: Statistics) -> Statistics {
  statistics[lane] = mine;
  workgroupBarrier();
  var total = mine;
  if (lane < 8u) {
    total = statistics[8u * lane];
    for (var i = 1u; i < 8u; i++) { total = merge(total, statistics[8u * lane + i]); }
    merged_statistics[lane] = total;
  }
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < 8u; i++) { total = merge(total, merged_statistics[i]); }
  }
  return total;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.planes * params.tiles) { return; }
  let plane = tile / params.tiles;
  let mean = constants[4u * plane];
  let scale = constants[4u * plane + 1u] * constants[4u * plane + 2u];
  let shift = constants[4u * plane + 3u];
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let start = first_voxel(tile, chunk, lane);
    // @unroll
    for (var i = 0u; i < VECTORS; i++) {
      if (start + i * 8u < params.voxels) {
        let at = plane * params.voxels + start + i * 8u;
        let z = (x[at] - mean) * scale + shift;
        out[at] = z * slope(z);
      }
    }
  }
}

fn slope(z: vec4f) -> vec4f {
  return select(vec4f(params.negative_slope), vec4f(1.0), z > vec4f(0.0));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.planes * params.tiles) { return; }
  let plane = tile / params.tiles;
  let mean = constants[4u * plane];
  let rstd = constants[4u * plane + 1u];
  let scale = rstd * constants[4u * plane + 2u];
  let shift = constants[4u * plane + 3u];
  var mine = array<vec4f, 2>(vec4f(0.0), vec4f(0.0));
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let start = first_voxel(tile, chunk, lane);
    // @unroll
    for (var i = 0u; i < VECTORS; i++) {
      if (start + i * 8u < params.voxels) {
        let at = plane * params.voxels + start + i * 8u;
        let centred = x[at] - mean;
        let grad_z = grad_y[at] * slope(centred * scale + shift);
        mine[0] += grad_z;
        mine[1] += grad_z * (centred * rstd);
      }
    }
  }
  let total = sum_lanes(lane, mine);
  if (lane == 0u) {
    out[2u * tile] = total[0];
    out[2u * tile + 1u] = total[1];
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn merge_sums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let plane = group.y * groups.x + group.x;
  if (plane >= params.planes) { return; }
  var mine = array<vec4f, 2>(vec4f(0.0), vec4f(0.0));
  for (var i = lane; i < params.tiles; i += WORKGROUP_SIZE) {
    let tile = plane * params.tiles + i;
    mine[0] += partials[2u * tile];
    mine[1] += partials[2u * tile + 1u];
  }
  let total = sum_lanes(lane, mine);
  if (lane == 0u) {
    out[2u * plane] = total[0];
    out[2u * plane + 1u] = total[1];
  }
}

// The result is in lane 0.
fn sum_lanes(lane: u32, mine: array<vec4f, 2>) -> array<vec4f, 2> {
  pairs[lane] = mine;
  workgroupBarrier();
  var total = mine;
  if (lane < 8u) {
    total = pairs[8u * lane];
    for (var i = 1u; i < 8u; i++) {
      total[0] += pairs[8u * lane + i][0];
      total[1] += pairs[8u * lane + i][1];
    }
    merged_pairs[lane] = total;
  }
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < 8u; i++) {
      total[0] += merged_pairs[i][0];
      total[1] += merged_pairs[i][1];
    }
  }
  return total;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_x(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.planes * params.tiles) { return; }
  let plane = tile / params.tiles;
  let mean = constants[4u * plane];
  let rstd = constants[4u * plane + 1u];
  let scale = rstd * constants[4u * plane + 2u];
  let shift = constants[4u * plane + 3u];
  let mean_grad = sums[2u * plane] / f32(params.voxels);
  let mean_grad_h = sums[2u * plane + 1u] / f32(params.voxels);
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let start = first_voxel(tile, chunk, lane);
    // @unroll
    for (var i = 0u; i < VECTORS; i++) {
      if (start + i * 8u < params.voxels) {
        let at = plane * params.voxels + start + i * 8u;
        let centred = x[at] - mean;
        let grad_z = grad_y[at] * slope(centred * scale + shift);
        out[at] = scale * (grad_z - mean_grad - centred * rstd * mean_grad_h);
      }
    }
  }
}

// One lane a channel, summing over the samples.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_parameters(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= params.channels) { return; }
  var sum_grad = 0.0;
  var sum_grad_h = 0.0;
  for (var plane = c / 4u; plane < params.planes; plane += params.blocks) {
    sum_grad += sums[2u * plane][c % 4u];
    sum_grad_h += sums[2u * plane + 1u][c % 4u];
  }
  grad_bias[c] = sum_grad;
  grad_weight[c] = sum_grad_h;
}
