enable subgroups;
// Convolution with a single tap, for few output channels: every input is used so little that a copy in a
// texture would cost more than it saves. Weights are passed on by shuffles as in lanes_common.wgsl.

struct Params { samples: u32, voxels: u32, in_blocks: u32, out_blocks: u32 }

override WORKGROUP_SIZE: u32 = 64u;
const LANES: u32 = 8u; // @override
// Voxels of a lane, LANES apart: neighbouring lanes read and write neighbouring voxels.
const TILE: u32 = 8u; // @override
// All output channels, rounded up to whole blocks.
const OUT: u32 = 4u; // @override
override ACCUMULATE: bool = false;

const SHARE: u32 = (OUT + LANES - 1u) / LANES;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
// See lanes_weights.wgsl.
@group(0) @binding(2) var weights: texture_3d<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn product(a: vec4f, b: vec4f) -> f32 {
  return (a.x * b.x + a.y * b.y) + (a.z * b.z + a.w * b.w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pointwise(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let lane = local % LANES;
  let item = ((group.y * groups.x + group.x) * WORKGROUP_SIZE + local) / LANES;
  let runs = (params.voxels + LANES * TILE - 1u) / (LANES * TILE);
  let sample = item / runs;
  let v0 = item % runs * (LANES * TILE) + lane;

  var sums: array<f32, TILE * OUT>;
  for (var block = 0u; block < params.in_blocks; block++) {
    let row = (min(sample, params.samples - 1u) * params.in_blocks + block) * params.voxels;
    var d: array<vec4f, TILE>;
    // @unroll
    for (var t = 0u; t < TILE; t++) { d[t] = x[row + min(v0 + t * LANES, params.voxels - 1u)]; }
    var share: array<vec4f, SHARE>;
    // @unroll
    for (var j = 0u; j < SHARE; j++) {
      share[j] = textureLoad(weights, vec3u(lane + j * LANES, block, 0u), 0);
    }
    // @unroll
    for (var o = 0u; o < OUT; o++) {
      let w = subgroupShuffle(share[o / LANES], o % LANES);
      // @unroll
      for (var t = 0u; t < TILE; t++) { sums[t * OUT + o] += product(d[t], w); }
    }
  }

  if (sample >= params.samples) { return; }
  // @unroll
  for (var quad = 0u; quad < OUT / 4u; quad++) {
    let bias = textureLoad(weights, vec3u(quad, params.in_blocks, 0u), 0);
    let row = (sample * params.out_blocks + quad) * params.voxels;
    // @unroll
    for (var t = 0u; t < TILE; t++) {
      let v = v0 + t * LANES;
      if (v < params.voxels) {
        let value = bias + vec4f(
          sums[t * OUT + quad * 4u],
          sums[t * OUT + quad * 4u + 1u],
          sums[t * OUT + quad * 4u + 2u],
          sums[t * OUT + quad * 4u + 3u],
        );
        if (ACCUMULATE) {
          y[row + v] += value;
        } else {
          y[row + v] = value;
        }
      }
    }
  }
}
