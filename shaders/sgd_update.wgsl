// Stochastic gradient descent with momentum b and weight decay, as PyTorch has it:
//   g = grad + weight_decay * p      b = momentum * b + g
//   p = p - lr * (g + momentum * b)  with Nesterov momentum, lr * b without

struct Params { vectors: u32, lr: f32, momentum: f32, weight_decay: f32, nesterov: u32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grads: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> momenta: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let p = parameters[i];
  let g = grads[i] + params.weight_decay * p;
  let b = params.momentum * momenta[i] + g;
  momenta[i] = b;
  parameters[i] = p - params.lr * select(b, g + params.momentum * b, params.nesterov == 1u);
}
