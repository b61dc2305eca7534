// One term of a weighted sum of scalars: y = weight * x, or y += weight * x where it is not the first.

struct Params { weight: f32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(1)
fn add_term() {
  y[0] = select(y[0], 0.0, params.first == 1u) + params.weight * x[0];
}
