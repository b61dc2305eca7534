// Lays a weight out as vectors of four target channels, [target block][tap][source channel], source
// channels filled up to whole blocks, so that channel counts need not be multiples of four:
//   packed[b][tap][s][lane] = weight[offset + (4 b + lane) * target_step + s * source_step + tap]

struct Params {
  target_channels: u32, source_channels: u32, taps: u32,
  offset: u32, target_step: u32, source_step: u32,
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> packed: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  if (i >= arrayLength(&packed)) { return; }
  let source_lanes = (params.source_channels + 3u) / 4u * 4u;
  let channel = i % source_lanes;
  let tap = i / source_lanes % params.taps;
  let first = 4u * (i / source_lanes / params.taps);
  var value = vec4f();
  for (var lane = 0u; lane < 4u; lane++) {
    if (channel < params.source_channels && first + lane < params.target_channels) {
      value[lane] = weight[params.offset + (first + lane) * params.target_step +
        channel * params.source_step + tap];
    }
  }
  packed[i] = value;
}
