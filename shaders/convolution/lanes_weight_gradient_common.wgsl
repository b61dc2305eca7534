enable subgroups;
// What the lanes kernels for weight gradients share. Each lane holds four channels of one map (`spread`);
// the other map (`broadcast`) is loaded by turns and passed on by shuffles. Sums for some channels of it
// and all taps of one kz stay in registers over a slab of columns (x tile, sample, z); another kernel adds
// up the slabs. Where the spread map has few channels, CHANNEL_LANES lanes hold them all and the lanes of
// a subgroup work on several slabs.

struct Params {
  spread_width: u32,
  spread_height: u32,
  spread_depth: u32,
  spread_blocks: u32,
  // Order of the texture's rows, see lanes_stage.wgsl.
  spread_shift: u32,
  broadcast_height: u32,
  broadcast_depth: u32,
  broadcast_blocks: u32,
  broadcast_shift: u32,
  // Workgroups that share out the broadcast map's channels.
  broadcast_groups: u32,
  kernel_depth: u32,
  stride_y: u32,
  stride_z: u32,
  pad_y: u32,
  pad_z: u32,
  // Columns of a slab, and where this dispatch's slabs begin in `partial`.
  columns: u32,
  first_slab: u32,
}

const LANES: u32 = 8u; // @override
const CHANNEL_LANES: u32 = 8u; // @override
// Width of the tile in voxels of the spread map.
const TILE: u32 = 16u; // @override
// Channels of the broadcast map.
const CHANNELS: u32 = 8u; // @override

@group(0) @binding(0) var<uniform> params: Params;
// Both as lanes_stage.wgsl describes.
@group(0) @binding(1) var spread: texture_3d<f32>;
@group(0) @binding(2) var broadcast: texture_3d<f32>;
// See partial_index.
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;

fn staged_row(row: i32, height: u32, shift: u32) -> i32 {
  let phase = row & ((1i << shift) - 1i);
  let place = phase * i32(height >> shift) + (row >> shift);
  return select(-1, place, row >= 0 && row < i32(height));
}

// The lane of this one's group that holds item `item` of what the group loads together.
fn holder(lane: u32, item: u32) -> u32 {
  // A literal if all lanes form one group: shuffles by constants are the cheapest.
  if (CHANNEL_LANES == LANES) { return item % CHANNEL_LANES; }
  return lane / CHANNEL_LANES * CHANNEL_LANES + item % CHANNEL_LANES;
}

// Where a slab's sums go for four channels of the spread map, one of the broadcast map and one of the
// taps (kz, ky, kx), of which each kz has `plane`. Channels are rounded up to whole workgroups.
fn partial_index(slab: u32, tap: u32, plane: u32, channel: u32, block: u32) -> u32 {
  let taps = (params.first_slab + slab) * params.kernel_depth * plane + tap;
  return (taps * params.broadcast_groups * CHANNELS + channel) * params.spread_blocks + block;
}
