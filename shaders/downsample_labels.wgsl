// Nearest-exact resize of label maps: voxel i of m takes voxel floor((i + 0.5) * scale) of n,
// scale = n / m rounded to f32 as PyTorch has it. in_* are the extents of x, out_* those of y.

struct Params {
  size: u32,
  in_d: u32, in_h: u32, in_w: u32, out_d: u32, out_h: u32, out_w: u32,
  scale_d: f32, scale_h: f32, scale_w: f32
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.size) { return; }
  let w = nearest(i % params.out_w, params.scale_w, params.in_w);
  let h = nearest(i / params.out_w % params.out_h, params.scale_h, params.in_h);
  let d = nearest(i / (params.out_w * params.out_h) % params.out_d, params.scale_d, params.in_d);
  let map = i / (params.out_w * params.out_h * params.out_d);
  y[i] = x[((map * params.in_d + d) * params.in_h + h) * params.in_w + w];
}

fn nearest(i: u32, scale: f32, extent: u32) -> u32 {
  return min(u32((f32(i) + 0.5) * scale), extent - 1u);
}
