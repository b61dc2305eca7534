// Softmax cross entropy plus soft Dice. Per voxel v and class k, p = softmax of the logits, y = 1 for
// the voxel's label and 0 else; sums go over voxels whose label is not ignore_label:
//   cross entropy = -sum_v log p_label / number of voxels
//   dice_k        = (2 I_k + smoothing) / max(A_k + B_k + smoothing, 1e-8),  I = sum p y, A = sum p, B = sum y
//   value         = weight_ce * cross entropy - weight_dice * mean of dice_k over k > 0
// I, A, B are of one sample, or of the whole batch (batch_dice).
//
// The logits are read twice: partial_sums for the value, backward for the gradient. Classes come in
// blocks of four.

struct Params {
  samples: u32, voxels: u32, classes: u32, blocks: u32, tiles: u32, batch_dice: u32,
  ignore_label: f32, // -1 where there is none
  smoothing: f32, weight_ce: f32, weight_dice: f32
}

override WORKGROUP_SIZE: u32 = 64u;
const VOXELS: u32 = 8u; // of a lane
const TILE: u32 = 512u; // WORKGROUP_SIZE * VOXELS
const LOWEST = -3.0e38;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<f32>;
// A tile's (or, in sums, a sample's) vectors: [cross entropy, voxels, 0, 0], then I, A, B of each block.
@group(0) @binding(3) var<storage, read> partials: array<vec4f>;
@group(0) @binding(4) var<storage, read> sums: array<f32>;
// d value / d cross entropy of a voxel, then for each sample and block the two vectors alpha and beta:
// d value / d p_k = alpha_k y_k + beta_k.
@group(0) @binding(5) var<storage, read> coefficients: array<vec4f>;
@group(0) @binding(6) var<storage, read> grad_value: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> value_out: array<f32>;
@group(0) @binding(9) var<storage, read_write> coefficients_out: array<f32>;

var<workgroup> lanes: array<vec4f, 64>;
var<workgroup> lanes3: array<array<vec4f, 3>, 64>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.samples * params.tiles) { return; }
  let sample = tile / params.tiles;
  let start = (tile % params.tiles) * TILE + lane;
  let first = tile * (1u + 3u * params.blocks);
  var label: array<f32, VOXELS>;
  var valid: array<f32, VOXELS>;
  var highest: array<f32, VOXELS>;
  var scale: array<f32, VOXELS>;
  var cross_entropy = 0.0;
  var count = 0.0;
  // @unroll
  for (var i = 0u; i < VOXELS; i++) {
    let voxel = min(start + i * WORKGROUP_SIZE, params.voxels - 1u);
    label[i] = labels[sample * params.voxels + voxel];
    valid[i] = select(0.0, 1.0,
      label[i] != params.ignore_label && start + i * WORKGROUP_SIZE < params.voxels);
    var most = LOWEST;
    var sum = 0.0;
    var of_label = 0.0;
    for (var block = 0u; block < params.blocks; block++) {
      let l = block_logits(sample, block, voxel);
      let new_most = max(most, max(max(l.x, l.y), max(l.z, l.w)));
      sum = sum * exp(most - new_most) + dot(exp(l - new_most), vec4f(1.0));
      most = new_most;
      of_label += dot(select(vec4f(0.0), l, is_label(block, label[i])), vec4f(1.0));
    }
    highest[i] = most;
    scale[i] = valid[i] / sum;
    cross_entropy += valid[i] * (log(sum) - (of_label - most));
    count += valid[i];
  }
  lanes[lane] = vec4f(cross_entropy, count, 0.0, 0.0);
  workgroupBarrier();
  if (lane == 0u) {
    var total = lanes[0];
    for (var i = 1u; i < 64u; i++) { total += lanes[i]; }
    out[first] = total;
  }
  for (var block = 0u; block < params.blocks; block++) {
    var mine = array<vec4f, 3>(vec4f(0.0), vec4f(0.0), vec4f(0.0));
    // @unroll
    for (var i = 0u; i < VOXELS; i++) {
      let voxel = min(start + i * WORKGROUP_SIZE, params.voxels - 1u);
      let p = scale[i] * exp(block_logits(sample, block, voxel) - highest[i]);
      let y = valid[i] * one_hot(block, label[i]);
      mine[0] += p * y;
      mine[1] += p;
      mine[2] += y;
    }
    workgroupBarrier();
    lanes3[lane] = mine;
    workgroupBarrier();
    if (lane < 3u) {
      var total = lanes3[0][lane];
      for (var i = 1u; i < 64u; i++) { total += lanes3[i][lane]; }
      out[first + 1u + 3u * block + lane] = total;
    }
  }
}

// One workgroup for each vector of a sample.
@compute @workgroup_size(WORKGROUP_SIZE)
fn merge_sums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let vectors = 1u + 3u * params.blocks;
  let at = group.y * groups.x + group.x;
  if (at >= params.samples * vectors) { return; }
  let sample = at / vectors;
  var mine = vec4f(0.0);
  for (var tile = lane; tile < params.tiles; tile += WORKGROUP_SIZE) {
    mine += partials[(sample * params.tiles + tile) * vectors + at % vectors];
  }
  lanes[lane] = mine;
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < 64u; i++) { mine += lanes[i]; }
    out[at] = mine;
  }
}

// One workgroup: the value and the coefficients of the gradient.
@compute @workgroup_size(WORKGROUP_SIZE)
fn value(@builtin(local_invocation_index) lane: u32) {
  let stride = 4u + 12u * params.blocks;
  let padded = 4u * params.blocks;
  // The batch counts as one sample for batch_dice.
  let groups = select(params.samples, 1u, params.batch_dice == 1u);
  let samples = params.samples / groups;
  let terms = f32(groups * (params.classes - 1u));
  var dice = 0.0;
  for (var i = lane; i < groups * padded; i += WORKGROUP_SIZE) {
    let class_index = i % padded;
    let at = 4u + class_index / 4u * 12u + class_index % 4u;
    let first_sample = i / padded * samples;
    var intersection = 0.0;
    var volumes = 0.0;
    for (var n = first_sample; n < first_sample + samples; n++) {
      intersection += sums[n * stride + at];
      volumes += sums[n * stride + at + 4u] + sums[n * stride + at + 8u];
    }
    var alpha = 0.0;
    var beta = 0.0;
    if (class_index > 0u && class_index < params.classes) {
      let numerator = 2.0 * intersection + params.smoothing;
      let denominator = max(volumes + params.smoothing, 1e-8);
      dice += numerator / denominator;
      let factor = params.weight_dice / (terms * denominator);
      alpha = -2.0 * factor;
      beta = select(0.0, factor * numerator / denominator, volumes + params.smoothing > 1e-8);
    }
    for (var n = first_sample; n < first_sample + samples; n++) {
      let to = 4u + 8u * (n * params.blocks + class_index / 4u) + class_index % 4u;
      coefficients_out[to] = alpha;
      coefficients_out[to + 4u] = beta;
    }
  }
  lanes[lane] = vec4f(dice);
  workgroupBarrier();
  if (lane == 0u) {
    var total_dice = 0.0;
    for (var i = 0u; i < 64u; i++) { total_dice += lanes[i].x; }
    var cross_entropy = 0.0;
    var count = 0.0;
    for (var n = 0u; n < params.samples; n++) {
      cross_entropy += sums[n * stride];
      count += sums[n * stride + 1u];
    }
    // Without any voxel the numerator is 0 too.
    let weight = params.weight_ce / max(count, 1.0);
    coefficients_out[0] = weight;
    value_out[0] = weight * cross_entropy - params.weight_dice * total_dice / terms;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.samples * params.tiles) { return; }
  let sample = tile / params.tiles;
  let start = (tile % params.tiles) * TILE + lane;
  var label: array<f32, VOXELS>;
  var highest: array<f32, VOXELS>;
  var sum: array<f32, VOXELS>;
  var grad_dot_p: array<f32, VOXELS>; // times sum
  // @unroll
  for (var i = 0u; i < VOXELS; i++) {
    label[i] = labels[sample * params.voxels + min(start + i * WORKGROUP_SIZE, params.voxels - 1u)];
    highest[i] = LOWEST;
    sum[i] = 0.0;
    grad_dot_p[i] = 0.0;
  }
  for (var block = 0u; block < params.blocks; block++) {
    let alpha = coefficients[1u + 2u * (sample * params.blocks + block)];
    let beta = coefficients[2u + 2u * (sample * params.blocks + block)];
    // @unroll
    for (var i = 0u; i < VOXELS; i++) {
      let l = block_logits(sample, block, min(start + i * WORKGROUP_SIZE, params.voxels - 1u));
      let most = max(highest[i], max(max(l.x, l.y), max(l.z, l.w)));
      let shrink = exp(highest[i] - most);
      let e = exp(l - most);
      highest[i] = most;
      sum[i] = sum[i] * shrink + dot(e, vec4f(1.0));
      grad_dot_p[i] = grad_dot_p[i] * shrink + dot(e, alpha * one_hot(block, label[i]) + beta);
    }
  }
  let factor = grad_value[0];
  let weight = coefficients[0].x;
  for (var block = 0u; block < params.blocks; block++) {
    let alpha = coefficients[1u + 2u * (sample * params.blocks + block)];
    let beta = coefficients[2u + 2u * (sample * params.blocks + block)];
    // @unroll
    for (var i = 0u; i < VOXELS; i++) {
      let voxel = start + i * WORKGROUP_SIZE;
      if (voxel < params.voxels) {
        let y = one_hot(block, label[i]);
        let p = exp(block_logits(sample, block, voxel) - highest[i]) / sum[i];
        let grad = weight * (p - y) + p * (alpha * y + beta - grad_dot_p[i] / sum[i]);
        out[(sample * params.blocks + block) * params.voxels + voxel] =
          select(factor, 0.0, label[i] == params.ignore_label) * grad;
      }
    }
  }
}

// Channels past the last class get a logit whose exponential is 0.
fn block_logits(sample: u32, block: u32, voxel: u32) -> vec4f {
  let l = logits[(sample * params.blocks + block) * params.voxels + voxel];
  return select(vec4f(LOWEST), l, class_indices(block) < vec4u(params.classes));
}

fn class_indices(block: u32) -> vec4u {
  return vec4u(0u, 1u, 2u, 3u) + 4u * block;
}

fn is_label(block: u32, label: f32) -> vec4<bool> {
  return vec4f(class_indices(block)) == vec4f(label);
}

fn one_hot(block: u32, label: f32) -> vec4f {
  return select(vec4f(0.0), vec4f(1.0), is_label(block, label));
}
