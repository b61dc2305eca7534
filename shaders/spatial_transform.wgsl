// Resamples images and label maps on a rotated and scaled grid. Output voxel i takes what lies at
//   matrix * (i - (q - 1) / 2) + centre        q: extents of the output
// in voxels of the input. in_* are the extents of the input, out_* those of the output.
//
// image: linear interpolation, 0 outside. labels: outside counts as -1; a label's weight is the linear
// interpolation of its indicator times 1000, rounded to 16 bits; the largest weight wins. Of equals the
// label of the nearest voxel wins if it is among them, else the smallest (batchgeneratorsv2 0.3.6).

struct Params {
  maps: u32, // blocks of four channels of all samples, or label maps
  in_d: u32, in_h: u32, in_w: u32, out_d: u32, out_h: u32, out_w: u32,
  m00: f32, m01: f32, m02: f32, m10: f32, m11: f32, m12: f32, m20: f32, m21: f32, m22: f32,
  centre_d: f32, centre_h: f32, centre_w: f32
}

override WORKGROUP_SIZE: u32 = 64u;
const OUTSIDE = -1.0;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<storage, read> labels: array<f32>;
@group(0) @binding(4) var<storage, read_write> labels_out: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn image(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let voxels = params.out_d * params.out_h * params.out_w;
  if (i >= params.maps * voxels) { return; }
  let position = source_position(i % voxels);
  let low = floor(position);
  let f = position - low;
  var sum = vec4f(0.0);
  for (var corner = 0u; corner < 8u; corner++) {
    let at = source_index(i / voxels, low + offset(corner));
    if (at >= 0) { sum += weight(corner, f) * x[at]; }
  }
  y[i] = sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn label_map(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let voxels = params.out_d * params.out_h * params.out_w;
  if (i >= params.maps * voxels) { return; }
  let map = i / voxels;
  let position = source_position(i % voxels);
  let low = floor(position);
  let f = position - low;
  var found: array<f32, 8>;
  // @unroll
  for (var corner = 0u; corner < 8u; corner++) {
    found[corner] = label_at(map, low + offset(corner));
  }
  let nearest = label_at(map, round(position));
  var best = -1.0;
  var winner = OUTSIDE;
  // @unroll
  for (var a = 0u; a < 8u; a++) {
    var total = 0.0;
    // @unroll
    for (var b = 0u; b < 8u; b++) {
      total += select(0.0, weight(b, f), found[b] == found[a]);
    }
    total = round_to_half(1000.0 * total);
    let wins_tie = found[a] == nearest || (winner != nearest && found[a] < winner);
    if (total > best || (total == best && wins_tie)) {
      best = total;
      winner = found[a];
    }
  }
  labels_out[i] = winner;
}

fn source_position(voxel: u32) -> vec3f {
  let size = vec3u(params.out_d, params.out_h, params.out_w);
  let index = vec3u(voxel / (size.y * size.z), voxel / size.z % size.y, voxel % size.z);
  let u = vec3f(index) - 0.5 * vec3f(size - 1u);
  return vec3f(
    params.m00 * u.x + params.m01 * u.y + params.m02 * u.z + params.centre_d,
    params.m10 * u.x + params.m11 * u.y + params.m12 * u.z + params.centre_h,
    params.m20 * u.x + params.m21 * u.y + params.m22 * u.z + params.centre_w);
}

fn offset(corner: u32) -> vec3f {
  return vec3f(vec3u(corner >> 2u, corner >> 1u, corner) & vec3u(1u));
}

fn weight(corner: u32, f: vec3f) -> f32 {
  let w = select(1.0 - f, f, offset(corner) == vec3f(1.0));
  return w.x * w.y * w.z;
}

// -1 outside of the image.
fn source_index(map: u32, position: vec3f) -> i32 {
  let size = vec3f(f32(params.in_d), f32(params.in_h), f32(params.in_w));
  if (any(position < vec3f(0.0)) || any(position >= size)) { return -1; }
  let p = vec3u(position);
  return i32(((map * params.in_d + p.x) * params.in_h + p.y) * params.in_w + p.z);
}

fn label_at(map: u32, position: vec3f) -> f32 {
  let at = source_index(map, position);
  if (at < 0) { return OUTSIDE; }
  return labels[at];
}

// To 11 significant bits, half to even.
fn round_to_half(value: f32) -> f32 {
  let bits = bitcast<u32>(value);
  return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
}
