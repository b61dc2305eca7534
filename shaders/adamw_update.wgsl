// Adam with decoupled weight decay, as PyTorch has it; corrections of the means' bias come in through
// step_size = lr / (1 - beta1^t) and correction2 = sqrt(1 - beta2^t):
//   p = p * (1 - lr * weight_decay)
//   m = beta1 * m + (1 - beta1) * grad      v = beta2 * v + (1 - beta2) * grad^2
//   p = p - step_size * m / (sqrt(v) / correction2 + eps)

struct Params {
  vectors: u32, decay: f32, beta1: f32, beta2: f32, step_size: f32, correction2: f32, eps: f32
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grads: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> means: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> squares: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let g = grads[i];
  let former = means[i];
  let m = former + (1.0 - params.beta1) * (g - former);
  let v = params.beta2 * squares[i] + (1.0 - params.beta2) * g * g;
  means[i] = m;
  squares[i] = v;
  parameters[i] = parameters[i] * params.decay -
    params.step_size * m / (sqrt(v) / params.correction2 + params.eps);
}
