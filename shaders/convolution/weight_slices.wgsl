// Adds up, in a fixed order, the slices that a weight gradient was summed in, and lays the sum out as the
// weight lies:
//   weight[offset + t * target_step + s * source_step + tap] = sum over slices of
//     slices[slice][t / 4][s / 4][tap][s % 4][t % 4]

struct Params {
  target_channels: u32, source_channels: u32, taps: u32,
  offset: u32, target_step: u32, source_step: u32,
  slices: u32,
}

const ELEMENTS: u32 = 16u; // four by four channels of a tap, side by side in a slice
const PARTS: u32 = 16u;

const WORKGROUP_SIZE: u32 = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> slices: array<f32>;
@group(0) @binding(2) var<storage, read_write> weight: array<f32>;

var<workgroup> sums: array<f32, WORKGROUP_SIZE>; // [part][element]

// Few elements have many slices: a workgroup does ELEMENTS, each by PARTS invocations, which sum every
// PARTS-th slice. Many short sums also lose less to rounding than a long one.
@compute @workgroup_size(WORKGROUP_SIZE)
fn sum(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32) {
  let unit = group.y * groups.x + group.x;
  let source_blocks = (params.source_channels + 3u) / 4u;
  let units = (params.target_channels + 3u) / 4u * source_blocks * params.taps;
  if (unit >= units) { return; }
  let element = local % ELEMENTS;
  var value = 0.0;
  for (var slice = local / ELEMENTS; slice < params.slices; slice += PARTS) {
    value += slices[(slice * units + unit) * ELEMENTS + element];
  }
  sums[local] = value;
  workgroupBarrier();
  let target_channel = 4u * (unit / params.taps / source_blocks) + element % 4u;
  let source_channel = 4u * (unit / params.taps % source_blocks) + element / 4u;
  if (local < ELEMENTS && target_channel < params.target_channels &&
    source_channel < params.source_channels) {
    value = 0.0;
    for (var part = 0u; part < PARTS; part++) { value += sums[part * ELEMENTS + element]; }
    weight[params.offset + target_channel * params.target_step + source_channel * params.source_step +
      unit % params.taps] = value;
  }
}
