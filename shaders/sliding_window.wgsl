// Sliding-window inference: cut windows out of a volume, add weighted predictions back in.
//   extract:    window[n, :, i] = volume[:, start + flip(i)]
//   accumulate: sum[:, start + i] += scale * importance[i] * logits[n, :, flip(i)]
//   weigh:      weights[start + i] += importance[i]
//   finish:     out[:, i] = sum[:, crop + i] / weights[crop + i]
// Feature maps are packed [blocks, d, h, w] of vec4; flip mirrors the axes whose bit is set
// (1 = d, 2 = h, 4 = w).

struct Params {
  blocks: u32, n: u32, flip: u32, scale: f32,
  start_d: u32, start_h: u32, start_w: u32,
  patch_d: u32, patch_h: u32, patch_w: u32,
  volume_d: u32, volume_h: u32, volume_w: u32,
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> volume: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> windows: array<vec4f>;
@group(0) @binding(3) var<storage, read> logits: array<vec4f>;
@group(0) @binding(4) var<storage, read> importance: array<f32>;
@group(0) @binding(5) var<storage, read_write> sum: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> weights: array<f32>;
@group(0) @binding(7) var<storage, read> summed: array<vec4f>;
@group(0) @binding(8) var<storage, read> weighed: array<f32>;
@group(0) @binding(9) var<storage, read_write> out: array<vec4f>;

struct Site { block: u32, at: vec3u, inside: bool }

// Position in the window of invocation i over [blocks, patch].
fn site(i: u32) -> Site {
  let voxels = params.patch_d * params.patch_h * params.patch_w;
  let voxel = i % voxels;
  let at = vec3u(
    voxel / (params.patch_h * params.patch_w),
    voxel / params.patch_w % params.patch_h,
    voxel % params.patch_w,
  );
  return Site(i / voxels, at, i < params.blocks * voxels);
}

fn flipped(at: vec3u) -> vec3u {
  let last = vec3u(params.patch_d, params.patch_h, params.patch_w) - 1u;
  let mirrored = vec3<bool>((params.flip & 1u) != 0u, (params.flip & 2u) != 0u, (params.flip & 4u) != 0u);
  return select(at, last - at, mirrored);
}

fn in_patch(at: vec3u) -> u32 {
  return (at.x * params.patch_h + at.y) * params.patch_w + at.z;
}

fn in_volume(at: vec3u) -> u32 {
  let p = at + vec3u(params.start_d, params.start_h, params.start_w);
  return (p.x * params.volume_h + p.y) * params.volume_w + p.z;
}

fn patch_voxels() -> u32 { return params.patch_d * params.patch_h * params.patch_w; }
fn volume_voxels() -> u32 { return params.volume_d * params.volume_h * params.volume_w; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn extract(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let s = site(id.y * groups.x * WORKGROUP_SIZE + id.x);
  if (!s.inside) { return; }
  windows[(params.n * params.blocks + s.block) * patch_voxels() + in_patch(s.at)] =
    volume[s.block * volume_voxels() + in_volume(flipped(s.at))];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn accumulate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let s = site(id.y * groups.x * WORKGROUP_SIZE + id.x);
  if (!s.inside) { return; }
  let predicted = logits[(params.n * params.blocks + s.block) * patch_voxels() + in_patch(flipped(s.at))];
  let to = s.block * volume_voxels() + in_volume(s.at);
  sum[to] += params.scale * importance[in_patch(s.at)] * predicted;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn weigh(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let s = site(id.y * groups.x * WORKGROUP_SIZE + id.x);
  if (!s.inside) { return; }
  weights[in_volume(s.at)] += importance[in_patch(s.at)];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn finish(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let s = site(id.y * groups.x * WORKGROUP_SIZE + id.x);
  if (!s.inside) { return; }
  let source = in_volume(s.at);
  out[s.block * patch_voxels() + in_patch(s.at)] =
    summed[s.block * volume_voxels() + source] / weighed[source];
}
