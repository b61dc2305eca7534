// Sum of two arrays and, optionally, leaky ReLU: s = a + b, y = s where s > 0, negative_slope * s
// elsewhere. y > 0 wherever s > 0, so the way back reads y and nothing else.

struct Params { vectors: u32, negative_slope: f32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> y: array<vec4f>;
@group(0) @binding(4) var<storage, read> grad_y: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let sum = a[i] + b[i];
  out[i] = sum * slope(sum);
}

// The gradient of a and of b.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  out[i] = grad_y[i] * slope(y[i]);
}

fn slope(v: vec4f) -> vec4f {
  return select(vec4f(params.negative_slope), vec4f(1.0), v > vec4f(0.0));
}
