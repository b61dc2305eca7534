// Weights and their gradients as the direct lanes kernels use them: not transformed. POINTS is the
// kernel's width.

const POINTS: u32 = 3u; // @override

fn transform_weight(g: array<vec4f, 3>) -> array<vec4f, 3> {
  return g;
}

fn transform_weight_gradient(m: array<vec4f, POINTS>) -> array<vec4f, 3> {
  var g: array<vec4f, 3>;
  // @unroll
  for (var i = 0u; i < POINTS; i++) { g[i] = m[i]; }
  return g;
}
