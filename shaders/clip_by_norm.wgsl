// Scales arrays so that their common L2 norm is at most max_norm:
//   x = x * min(1, max_norm / (norm + 1e-6))
// sum_squares leaves one sum a tile, from position first on; merge adds the tiles of all arrays.

struct Params { size: u32, first: u32, tiles: u32, max_norm: f32 }

override WORKGROUP_SIZE: u32 = 64u;
const VECTORS: u32 = 16u; // of a lane
const TILE: u32 = 1024u; // vectors; WORKGROUP_SIZE * VECTORS

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> partials: array<f32>;
@group(0) @binding(3) var<storage, read> norm: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> scaled: array<vec4f>;

var<workgroup> lanes: array<f32, 64>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_squares(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (4u * tile * TILE >= params.size) { return; }
  var sum = vec4f(0.0);
  for (var i = 0u; i < VECTORS; i++) {
    let at = tile * TILE + i * WORKGROUP_SIZE + lane;
    // the last vector may reach beyond the array
    let elements = vec4u(0u, 1u, 2u, 3u) + 4u * at;
    let v = select(vec4f(0.0), x[at], elements < vec4u(params.size));
    sum += v * v;
  }
  let total = sum_lanes(lane, dot(sum, vec4f(1.0)));
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
  if (4u * i >= params.size) { return; }
  scaled[i] *= min(1.0, params.max_norm / (norm[0] + 1e-6));
}
