// Winograd's F(4, 3) along one axis (Lavin & Gray 2016): four outputs of a filter with three taps from
// six products instead of twelve.

const OUTPUTS: u32 = 4u;
const POINTS: u32 = 6u;

fn transform_input(d: array<vec4f, POINTS>) -> array<vec4f, POINTS> {
  let even = d[4] - 4.0 * d[2];
  let odd = d[3] - 4.0 * d[1];
  let even2 = d[4] - d[2];
  let odd2 = 2.0 * (d[3] - d[1]);
  return array<vec4f, POINTS>(
    4.0 * d[0] - 5.0 * d[2] + d[4],
    even + odd,
    even - odd,
    even2 + odd2,
    even2 - odd2,
    4.0 * d[1] - 5.0 * d[3] + d[5],
  );
}

fn transform_weight(g: array<vec4f, 3>) -> array<vec4f, POINTS> {
  return array<vec4f, POINTS>(
    g[0] / 4.0,
    -(g[0] + g[1] + g[2]) / 6.0,
    -(g[0] - g[1] + g[2]) / 6.0,
    g[0] / 24.0 + g[1] / 12.0 + g[2] / 6.0,
    g[0] / 24.0 - g[1] / 12.0 + g[2] / 6.0,
    g[2],
  );
}

fn transform_output(m: array<vec4f, POINTS>) -> array<vec4f, OUTPUTS> {
  let sum1 = m[1] + m[2];
  let sum2 = m[3] + m[4];
  let difference1 = m[1] - m[2];
  let difference2 = m[3] - m[4];
  return array<vec4f, OUTPUTS>(
    m[0] + sum1 + sum2,
    difference1 + 2.0 * difference2,
    sum1 + 4.0 * sum2,
    difference1 + 8.0 * difference2 + m[5],
  );
}

// The weight's gradient is F(3, 4) with the roles exchanged: four gradients of the output are the filter.
// Its scale factors are left to transform_weight_gradient.
fn transform_gradient(d: array<vec4f, OUTPUTS>) -> array<vec4f, POINTS> {
  let even = d[0] + d[2];
  let odd = d[1] + d[3];
  let even2 = d[0] + 4.0 * d[2];
  let odd2 = 2.0 * d[1] + 8.0 * d[3];
  return array<vec4f, POINTS>(d[0], even + odd, even - odd, even2 + odd2, even2 - odd2, d[3]);
}

fn transform_weight_gradient(m: array<vec4f, POINTS>) -> array<vec4f, 3> {
  let sum1 = (m[1] + m[2]) / 6.0;
  let sum2 = (m[3] + m[4]) / 24.0;
  return array<vec4f, 3>(
    m[0] / 4.0 - sum1 + sum2,
    (m[2] - m[1]) / 6.0 + (m[3] - m[4]) / 12.0,
    4.0 * sum2 - sum1 + m[5],
  );
}
