// Mean over blocks of stride voxels (kernel = stride, no padding); voxels past the last whole block are
// dropped. One lane a vector of the result (forward) or of x (backward). in_* are the extents of x.

struct Params {
  vectors: u32,
  in_d: u32, in_h: u32, in_w: u32, out_d: u32, out_h: u32, out_w: u32,
  stride_d: u32, stride_h: u32, stride_w: u32
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> grad_y: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let column = i % params.out_w;
  let row = i / params.out_w % params.out_h;
  let slice = i / (params.out_w * params.out_h) % params.out_d;
  let plane = i / (params.out_w * params.out_h * params.out_d);
  var sum = vec4f(0.0);
  for (var d = slice * params.stride_d; d < (slice + 1u) * params.stride_d; d++) {
    for (var h = row * params.stride_h; h < (row + 1u) * params.stride_h; h++) {
      for (var w = column * params.stride_w; w < (column + 1u) * params.stride_w; w++) {
        sum += x[((plane * params.in_d + d) * params.in_h + h) * params.in_w + w];
      }
    }
  }
  out[i] = sum / f32(params.stride_d * params.stride_h * params.stride_w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let w = i % params.in_w / params.stride_w;
  let h = i / params.in_w % params.in_h / params.stride_h;
  let d = i / (params.in_w * params.in_h) % params.in_d / params.stride_d;
  let plane = i / (params.in_w * params.in_h * params.in_d);
  var grad = vec4f(0.0);
  if (d < params.out_d && h < params.out_h && w < params.out_w) {
    let at = ((plane * params.out_d + d) * params.out_h + h) * params.out_w + w;
    grad = grad_y[at] / f32(params.stride_d * params.stride_h * params.stride_w);
  }
  out[i] = grad;
}
