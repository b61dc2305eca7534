// Gradient of a bias that was added to every voxel: grad_bias[c] = sum over n, v of grad_y[n, c, v].
// Two passes in a fixed order: sums of chunks, then the sum of the chunks.

struct Params { n: u32, blocks: u32, channels: u32, voxels: u32, chunk: u32, chunks: u32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad_y: array<vec4f>; // [n, blocks, voxels]
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>; // [blocks, n, chunks]
@group(0) @binding(3) var<storage, read> partial_sums: array<f32>; // the same, by element
@group(0) @binding(4) var<storage, read_write> grad_bias: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_chunks(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.blocks * params.n * params.chunks) { return; }
  let chunk = i % params.chunks;
  let sample = i / params.chunks % params.n;
  let block = i / params.chunks / params.n;
  let begin = chunk * params.chunk;
  let end = min(begin + params.chunk, params.voxels);
  let base = (sample * params.blocks + block) * params.voxels;
  var sum = vec4f();
  for (var v = begin; v < end; v++) { sum += grad_y[base + v]; }
  partial[i] = sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_partial(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= params.channels) { return; }
  let count = params.n * params.chunks;
  let base = 4u * (c / 4u) * count + c % 4u;
  var sum = 0.0;
  for (var i = 0u; i < count; i++) { sum += partial_sums[base + 4u * i]; }
  grad_bias[c] = sum;
}
