// Weight gradient of a convolution, straight from the definition:
//   grad_w[o, i, k] = sum over n, p of grad_y[n, o, p] * x[n, i, p * stride + k - (kernel - 1) / 2]
// over some rows of the output at a time, four output by four input channels an invocation;
// weight_slices.wgsl adds these chunks up.

struct Params {
  n: u32,
  in_blocks: u32, in_d: u32, in_h: u32, in_w: u32,
  out_blocks: u32, out_d: u32, out_h: u32, out_w: u32,
  kernel_d: u32, kernel_h: u32, kernel_w: u32,
  stride_d: u32, stride_h: u32, stride_w: u32,
  chunk_rows: u32, chunks: u32,
}

override WORKGROUP_SIZE: u32 = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // [n, in_blocks, d, h, w]
@group(0) @binding(2) var<storage, read> grad_y: array<vec4f>; // [n, out_blocks, d, h, w]
// [chunk][out block][in block][tap][4 input channels], a vector of four output channels
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_chunks(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * WORKGROUP_SIZE + id.x;
  let taps = params.kernel_d * params.kernel_h * params.kernel_w;
  if (i >= params.chunks * params.out_blocks * params.in_blocks * taps) { return; }
  let tap = i % taps;
  let in_block = i / taps % params.in_blocks;
  let out_block = i / taps / params.in_blocks % params.out_blocks;
  let chunk = i / taps / params.in_blocks / params.out_blocks;
  let shift_x = i32(tap % params.kernel_w) - (i32(params.kernel_w) - 1) / 2;
  let shift_y = i32(tap / params.kernel_w % params.kernel_h) - (i32(params.kernel_h) - 1) / 2;
  let shift_z = i32(tap / params.kernel_w / params.kernel_h) - (i32(params.kernel_d) - 1) / 2;
  // output positions along w whose tap lies inside
  let stride_x = i32(params.stride_w);
  let begin = u32((max(-shift_x, 0) + stride_x - 1) / stride_x);
  let end = min(params.out_w, u32((i32(params.in_w) - 1 - shift_x + stride_x) / stride_x));

  var sum = mat4x4f();
  let rows = params.n * params.out_d * params.out_h;
  let last = min((chunk + 1u) * params.chunk_rows, rows);
  for (var row = chunk * params.chunk_rows; row < last; row++) {
    let out_y = row % params.out_h;
    let out_z = row / params.out_h % params.out_d;
    let sample = row / params.out_h / params.out_d;
    let in_y = i32(out_y * params.stride_h) + shift_y;
    let in_z = i32(out_z * params.stride_d) + shift_z;
    if (in_y < 0 || in_y >= i32(params.in_h) || in_z < 0 || in_z >= i32(params.in_d)) { continue; }
    let y_row = (((sample * params.out_blocks + out_block) * params.out_d + out_z) * params.out_h +
      out_y) * params.out_w;
    let x_row = (((sample * params.in_blocks + in_block) * params.in_d + u32(in_z)) * params.in_h +
      u32(in_y)) * params.in_w;
    // a sum of its own for each row loses less to rounding
    var row_sum = mat4x4f(); // naga does not reset a variable without initialiser in a loop
    for (var p = begin; p < end; p++) {
      let g = grad_y[y_row + p];
      let v = x[x_row + u32(i32(p * params.stride_w) + shift_x)];
      row_sum += mat4x4f(g * v.x, g * v.y, g * v.z, g * v.w);
    }
    sum += row_sum;
  }
  // @unroll
  for (var j = 0u; j < 4u; j++) { partial[4u * i + j] = sum[j]; }
}
