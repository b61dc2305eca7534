// Loses detail as if the image had been taken with fewer voxels: of each channel every so-many-th voxel
// is taken (nearest-exact: voxel j of m takes voxel floor((j + 0.5) n / m)), and linear interpolation
// between those, with half-pixel centres, gives the full number back. One lane a vector.

struct Params { vectors: u32, voxels: u32, blocks: u32, d: u32, h: u32, w: u32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> sizes: array<vec4f>; // three a block: fewer voxels along d, h, w
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

struct Pair { low: u32, high: u32, share: f32 }

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let plane = i / params.voxels;
  let block = plane % params.blocks;
  var out: vec4f;
  for (var k = 0u; k < 4u; k++) {
    let d = neighbours(i / (params.w * params.h) % params.d, params.d, sizes[3u * block][k]);
    let h = neighbours(i / params.w % params.h, params.h, sizes[3u * block + 1u][k]);
    let w = neighbours(i % params.w, params.w, sizes[3u * block + 2u][k]);
    let low = mix(line(plane, d.low, h.low, w, k), line(plane, d.low, h.high, w, k), h.share);
    let high = mix(line(plane, d.high, h.low, w, k), line(plane, d.high, h.high, w, k), h.share);
    out[k] = mix(low, high, d.share);
  }
  y[i] = out;
}

fn line(plane: u32, d: u32, h: u32, w: Pair, k: u32) -> f32 {
  let row = ((plane * params.d + d) * params.h + h) * params.w;
  return mix(x[row + w.low][k], x[row + w.high][k], w.share);
}

// Where voxel i of n lies between two of the m voxels that are left, as indices into the n.
fn neighbours(i: u32, n: u32, m: f32) -> Pair {
  let position = max((f32(i) + 0.5) * (m / f32(n)) - 0.5, 0.0);
  let low = floor(position);
  let high = min(low + 1.0, m - 1.0);
  return Pair(taken(low, n, m), taken(high, n, m), position - low);
}

fn taken(j: f32, n: u32, m: f32) -> u32 {
  return min(u32((j + 0.5) * (f32(n) / m)), n - 1u);
}
