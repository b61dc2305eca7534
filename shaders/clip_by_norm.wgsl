// Scales arrays so that their common L2 norm is at most max_norm:
//   x = x * min(1, max_norm / (norm + 1e-6))
// sum_squares leaves one sum a tile, from position first on; merge adds the tiles of all arrays.

struct Params { size: u32, first: u32, tiles: u32, max_norm: f32 }

override WORKGROUP_SIZE: u32 = 64u;
const ELEMENTS: u32 = 64u; // of a lane
const TILE: u32 = 4096u; // WORKGROUP_SIZE * ELEMENTS

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> partials: array<f32>;
@group(0) @binding(3) var<storage, read> norm: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

var<workgroup> lanes: array<f32, 64>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_squares(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile * TILE >= params.size) { return; }
  var sum = 0.0;
  for (var i = 0u; i < ELEMENTS; i++) {
    let at = tile * TILE + i * WORKGROUP_SIZE + lane;
    if (at < params.size) { sum += x[at] * x[at]; }
  }
  let total = sum_lanes(lane, sum);
  if (lane == 0u) { out[params.first + tile] = total; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn merge(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.tiles; i += WORKGROUP_SIZE) { sum += partials[i]; }
  let total = sum_lanes(lane, sum);
  if (lane == 0u) { out[0] = sqrt(total); }
}

// The result is in lane 0.
fn sum_lanes(lane: u32, mine: f32) -> f32 {
  lanes[lane] = mine;
  workgroupBarrier();
  var total = mine;
  if (lane == 0u) {
    for (var i = 1u; i < 64u; i++) { total += lanes[i]; }
  }
  return total;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn scale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.size) { return; }
  out[i] *= min(1.0, params.max_norm / (norm[0] + 1e-6));
}
