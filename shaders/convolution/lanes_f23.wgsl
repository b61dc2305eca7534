// Winograd's F(2, 3) along one axis (Lavin & Gray 2016): two outputs of a filter with three taps from
// four products instead of six.

const OUTPUTS: u32 = 2u;
const POINTS: u32 = 4u;

fn transform_input(d: array<vec4f, POINTS>) -> array<vec4f, POINTS> {
  return array<vec4f, POINTS>(d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]);
}

fn transform_weight(g: array<vec4f, 3>) -> array<vec4f, POINTS> {
  return array<vec4f, POINTS>(
    g[0],
    0.5 * (g[0] + g[1] + g[2]),
    0.5 * (g[0] - g[1] + g[2]),
    g[2],
  );
}

fn transform_output(m: array<vec4f, POINTS>) -> array<vec4f, OUTPUTS> {
  return array<vec4f, OUTPUTS>(m[0] + m[1] + m[2], m[1] - m[2] + m[3]);
}

// The weight's gradient is F(3, 2) with the roles exchanged: two gradients of the output are the filter.
// Its scale factors are left to transform_weight_gradient.
fn transform_gradient(d: array<vec4f, OUTPUTS>) -> array<vec4f, POINTS> {
  return array<vec4f, POINTS>(d[0], d[0] + d[1], d[0] - d[1], d[1]);
}

fn transform_weight_gradient(m: array<vec4f, POINTS>) -> array<vec4f, 3> {
  let sum = 0.5 * (m[1] + m[2]);
  return array<vec4f, 3>(m[0] + sum, 0.5 * (m[1] - m[2]), sum + m[3]);
}
