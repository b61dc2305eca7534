// Weight gradient of a convolution with a single tap and few channels on one side. An invocation sums
// products of BLOCKS input blocks with one output block over a slab of every LANES-th voxel of a run;
// lanes_weight_gradient_sum.wgsl adds up the slabs.

struct Params {
  samples: u32,
  voxels: u32,
  in_blocks: u32,
  out_blocks: u32,
  // Runs that a sample is cut into, and their voxels: a multiple of LANES * TILE.
  runs: u32,
  run: u32,
}

override WORKGROUP_SIZE: u32 = 64u;
const LANES: u32 = 8u; // @override
const BLOCKS: u32 = 4u; // @override
// Voxels of an iteration.
const TILE: u32 = 4u; // @override

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> grad_y: array<vec4f>;
// [slab][output channel, whole blocks][input block]
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn pointwise(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let slabs = params.samples * params.runs * LANES;
  let slab = i % slabs;
  let out_block = i / slabs % params.out_blocks;
  let first_block = i / (slabs * params.out_blocks) * BLOCKS;
  if (first_block >= params.in_blocks) { return; }
  let run = slab / LANES % params.runs;
  let sample = slab / (LANES * params.runs);
  let out_row = (sample * params.out_blocks + out_block) * params.voxels;
  let begin = run * params.run + slab % LANES;
  let end = min((run + 1u) * params.run, params.voxels);

  var sums: array<vec4f, BLOCKS * 4u>;
  for (var v0 = begin; v0 < end; v0 += LANES * TILE) {
    var g: array<vec4f, TILE>;
    // @unroll
    for (var t = 0u; t < TILE; t++) {
      let v = v0 + t * LANES;
      g[t] = select(vec4f(), grad_y[out_row + min(v, params.voxels - 1u)], v < end);
    }
    // @unroll
    for (var b = 0u; b < BLOCKS; b++) {
      let block = min(first_block + b, params.in_blocks - 1u);
      let row = (sample * params.in_blocks + block) * params.voxels;
      var d: array<vec4f, TILE>;
      // @unroll
      for (var t = 0u; t < TILE; t++) { d[t] = x[row + min(v0 + t * LANES, params.voxels - 1u)]; }
      // @unroll
      for (var o = 0u; o < 4u; o++) {
        // One update of each sum in an iteration: writes to what a loop carries are masked.
        var s = d[0] * g[0][o];
        // @unroll
        for (var t = 1u; t < TILE; t++) { s += d[t] * g[t][o]; }
        sums[b * 4u + o] += s;
      }
    }
  }

  // @unroll
  for (var b = 0u; b < BLOCKS; b++) {
    let block = first_block + b;
    if (block < params.in_blocks) {
      // @unroll
      for (var o = 0u; o < 4u; o++) {
        let channel = slab * params.out_blocks * 4u + out_block * 4u + o;
        partial[channel * params.in_blocks + block] = sums[b * 4u + o];
      }
    }
  }
}
