// The weights of the direct lanes kernels: not transformed.

// Width of the kernel.
const POINTS: u32 = 3u; // @override

fn transform_weight(g: array<vec4f, 3>) -> array<vec4f, 3> {
  return g;
}
