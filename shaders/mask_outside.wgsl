// y = 0 where the label of the voxel is below 0 and the channel's flag is 1, x elsewhere.

struct Params { vectors: u32, voxels: u32, blocks: u32, label_channels: u32 }

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<f32>; // the first channel of each sample counts
@group(0) @binding(3) var<storage, read> flags: array<vec4f>; // one a block
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= params.vectors) { return; }
  let plane = i / params.voxels;
  let sample = plane / params.blocks;
  let label = labels[sample * params.label_channels * params.voxels + i % params.voxels];
  let flag = flags[plane % params.blocks] == vec4f(1.0);
  y[i] = select(x[i], vec4f(0.0), flag & vec4<bool>(label < 0.0));
}
