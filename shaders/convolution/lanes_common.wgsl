enable subgroups;
// What the lanes kernels share. Their shape suits software adapters: a lane computes TILE outputs along
// x for OUT channels, all kept in registers; inputs come from a texture, which reads 0 outside of the
// volume; each lane of a subgroup loads its share of the weights and passes it on by shuffles. One flat
// loop over (input block, kz, ky): a nest would copy all sums at each level. Lanes beyond the last
// sample compute on zeros and store nothing, so that control flow stays uniform.

struct Params {
  in_width: u32,
  in_height: u32,
  in_depth: u32,
  in_blocks: u32,
  // Order of the texture's rows, see lanes_stage.wgsl.
  row_shift: u32,
  out_width: u32,
  out_height: u32,
  out_depth: u32,
  out_blocks: u32,
  // Samples in the texture, and the batch index of its first one.
  samples: u32,
  first_sample: u32,
  kernel_height: u32,
  kernel_depth: u32,
  stride_y: u32,
  stride_z: u32,
  pad_y: u32,
  pad_z: u32,
}

override WORKGROUP_SIZE: u32 = 64u;
// Lanes of a subgroup that share weights.
const LANES: u32 = 8u; // @override
// Add to y instead of overwriting it. Fixed when compiled: code that loads and stores is long here.
override ACCUMULATE: bool = false;
// No tile reaches beyond the edges of y: a store that depends on nothing is cheaper.
override WHOLE: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
// Texel (x, row, (sample * in_blocks + block) * in_depth + z).
@group(0) @binding(1) var x: texture_3d<f32>;
// See lanes_weights.wgsl.
@group(0) @binding(2) var weights: texture_3d<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// The texture's row with row `row` of the input; -1, which reads 0, outside.
fn staged_row(row: i32) -> i32 {
  let phase = row & ((1i << params.row_shift) - 1i);
  let place = phase * i32(params.in_height >> params.row_shift) + (row >> params.row_shift);
  return select(-1, place, row >= 0 && row < i32(params.in_height));
}

// The texture's slice with plane z of a block of a sample; -1 outside.
fn staged_slice(sample: u32, block: u32, z: i32) -> i32 {
  let first = i32((sample * params.in_blocks + block) * params.in_depth);
  return select(-1, first + z, z >= 0 && z < i32(params.in_depth));
}

fn product(a: vec4f, b: vec4f) -> f32 {
  return (a.x * b.x + a.y * b.y) + (a.z * b.z + a.w * b.w);
}

// The bias of block `quad` of the group's output channels.
fn bias_of(group: u32, quad: u32) -> vec4f {
  return textureLoad(weights, vec3u(quad, params.in_blocks, group), 0);
}

// Index in y of the first voxel of a row.
fn output_row(sample: u32, out_block: u32, z: u32, row: u32) -> u32 {
  let plane = ((params.first_sample + sample) * params.out_blocks + out_block) * params.out_depth + z;
  return (plane * params.out_height + row) * params.out_width;
}

fn store(at: u32, value: vec4f) {
  if (ACCUMULATE) {
    y[at] += value;
  } else {
    y[at] = value;
  }
}
