// Arithmetic without memory traffic: CHAINS independent chains a = a * k + m, written UNROLL times in the
// loop. The fastest of them is as fast as shaders can compute on a device.

struct Params { iterations: u32 }

override WORKGROUP_SIZE: u32 = 64u;
const CHAINS: u32 = 8u; // @override
const UNROLL: u32 = 4u; // @override

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> values: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let start = values[id.x];
  var a: array<f32, CHAINS>;
  // @unroll
  for (var c = 0u; c < CHAINS; c++) { a[c] = start.x + f32(c); }
  for (var i = 0u; i < params.iterations; i++) {
    // @unroll
    for (var j = 0u; j < UNROLL; j++) {
      // @unroll
      for (var c = 0u; c < CHAINS; c++) { a[c] = a[c] * start.y + start.z; }
    }
  }
  var sum = 0.0;
  // @unroll
  for (var c = 0u; c < CHAINS; c++) { sum += a[c]; }
  values[id.x] = vec4f(sum);
}
