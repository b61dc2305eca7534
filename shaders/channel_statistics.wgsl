// Mean, standard deviation, smallest and largest value of each channel of each sample. A plane is one
// block of four channels of one sample; a workgroup takes a tile of it, another merges the tiles, always
// in the same order. Needs lib/statistics.wgsl.

struct Params { planes: u32, voxels: u32, tiles: u32, rounds: u32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
// Four vectors a tile: mean, sum of squared deviations, smallest, largest.
@group(0) @binding(2) var<storage, read> partials: array<vec4f>;
// partial: as partials. merge_tiles: four vectors a plane, standard deviation in second place.
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

struct Summary { statistics: Statistics, low: vec4f, high: vec4f }

var<workgroup> summaries: array<Summary, 64>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.planes * params.tiles) { return; }
  let start = tile % params.tiles * params.rounds * WORKGROUP_SIZE + lane;
  var mine = nothing();
  for (var i = 0u; i < params.rounds; i++) {
    let voxel = start + i * WORKGROUP_SIZE;
    if (voxel >= params.voxels) { break; }
    let value = x[tile / params.tiles * params.voxels + voxel];
    mine = together(mine, Summary(Statistics(1.0, value, vec4f(0.0)), value, value));
  }
  write(4u * tile, lane, mine, false);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn merge_tiles(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let plane = group.y * groups.x + group.x;
  if (plane >= params.planes) { return; }
  var mine = nothing();
  for (var i = lane; i < params.tiles; i += WORKGROUP_SIZE) {
    let size = params.rounds * WORKGROUP_SIZE;
    let count = f32(min(size, params.voxels - i * size));
    let at = 4u * (plane * params.tiles + i);
    let tile = Statistics(count, partials[at], partials[at + 1u]);
    mine = together(mine, Summary(tile, partials[at + 2u], partials[at + 3u]));
  }
  write(4u * plane, lane, mine, true);
}

fn nothing() -> Summary {
  return Summary(Statistics(0.0, vec4f(0.0), vec4f(0.0)), vec4f(3.4e38), vec4f(-3.4e38));
}

fn together(a: Summary, b: Summary) -> Summary {
  return Summary(merge(a.statistics, b.statistics), min(a.low, b.low), max(a.high, b.high));
}

fn write(at: u32, lane: u32, mine: Summary, as_deviation: bool) {
  summaries[lane] = mine;
  workgroupBarrier();
  if (lane == 0u) {
    var total = mine;
    for (var i = 1u; i < 64u; i++) { total = together(total, summaries[i]); }
    let deviations = total.statistics.deviations;
    out[at] = total.statistics.mean;
    out[at + 1u] = select(deviations, sqrt(deviations / total.statistics.count), as_deviation);
    out[at + 2u] = total.low;
    out[at + 3u] = total.high;
  }
}
