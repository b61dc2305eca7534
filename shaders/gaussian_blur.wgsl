// Convolution along one axis with a kernel of 2 * radius + 1 taps for each channel; beyond the border
// the image is reflected without repeating the border voxel, again and again where it is short. One
// lane a vector.

struct Params { vectors: u32, voxels: u32, blocks: u32, length: u32, step: u32, radius: u32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> taps: array<vec4f>; // of a block one after another
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let block = i / params.voxels % params.blocks;
  let at = i32(i / params.step % params.length);
  let period = max(2 * i32(params.length) - 2, 1);
  let radius = i32(params.radius);
  var sum = vec4f(0.0);
  for (var k = -radius; k <= radius; k++) {
    let p = abs(at + k) % period;
    let source = i32(i) + (min(p, period - p) - at) * i32(params.step);
    sum += taps[i32(block * (2u * params.radius + 1u)) + k + radius] * x[source];
  }
  y[i] = sum;
}
