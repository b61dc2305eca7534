// True positives, false positives and false negatives of each class: the prediction of a voxel is the
// class of its highest logit (the first of equals). Voxels labelled ignore_label do not count.
// Integer atomics: the order of additions does not matter.

struct Params {
  samples: u32, voxels: u32, classes: u32, blocks: u32,
  ignore_label: f32 // -1 where there is none
}

override WORKGROUP_SIZE: u32 = 64u;
const CLASSES: u32 = 4u; // @override
const VOXELS: u32 = 16u; // of a lane

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<f32>;
// Three numbers a class.
@group(0) @binding(3) var<storage, read_write> counters: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read> integers: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

var<workgroup> counted: array<atomic<u32>, 3u * CLASSES>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn count(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let start = (group.y * groups.x + group.x) * WORKGROUP_SIZE * VOXELS + lane;
  for (var i = 0u; i < VOXELS; i++) {
    let at = start + i * WORKGROUP_SIZE;
    if (at >= params.samples * params.voxels) { break; }
    let label = labels[at];
    if (label == params.ignore_label) { continue; }
    let predicted = most_likely(at / params.voxels, at % params.voxels);
    if (f32(predicted) == label) {
      atomicAdd(&counted[3u * predicted], 1u);
    } else {
      atomicAdd(&counted[3u * predicted + 1u], 1u);
      atomicAdd(&counted[3u * u32(label) + 2u], 1u);
    }
  }
  workgroupBarrier();
  for (var i = lane; i < 3u * params.classes; i += WORKGROUP_SIZE) {
    let found = atomicLoad(&counted[i]);
    if (found > 0u) { atomicAdd(&counters[i], found); }
  }
}

fn most_likely(sample: u32, voxel: u32) -> u32 {
  var best = -3.4e38;
  var at = 0u;
  for (var c = 0u; c < params.classes; c++) {
    let block = (sample * params.blocks + c / 4u) * params.voxels + voxel;
    let logit = logits[block][c % 4u];
    if (logit > best) {
      best = logit;
      at = c;
    }
  }
  return at;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn to_floats(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < 3u * params.classes) { out[id.x] = f32(integers[id.x]); }
}
