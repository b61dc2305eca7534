import * as webgpu from "./webgpu.ts";

const INVOCATIONS = 64;

const CODE = `
@group(0) @binding(0) var ones: texture_3d<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(${INVOCATIONS})
fn main(@builtin(local_invocation_index) i: u32) {
  let at = i32(i);
  let outside = textureLoad(ones, vec3i(-1 - at, 0, 0), 0) + textureLoad(ones, vec3i(0, 1 + at, 0), 0) +
    textureLoad(ones, vec3i(0, 0, -1 - at), 0) + textureLoad(ones, vec3i(0, 0, 1 + at), 0);
  result[i] = select(subgroupShuffle(i, 0u), ${INVOCATIONS}u, any(outside != vec4f(0.0)));
}`;

/**
 * Tries what WGSL leaves open and the lanes kernels rely on: that subgroups are runs of consecutive
 * invocations, and that texture loads outside of the texture read 0.
 *
 * @returns invocations of a subgroup; 0 where the kernels would go wrong
 */
export async function probeLanes(device: GPUDevice, enableSubgroupsLine: boolean): Promise<number> {
  device.pushErrorScope("validation");
  const code = enableSubgroupsLine ? `enable subgroups;\n${CODE}` : CODE;
  const bytes = 4 * INVOCATIONS;
  const pipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({
      bindGroupLayouts: [device.createBindGroupLayout({
        entries: [{
          binding: 0,
          visibility: webgpu.SHADER_COMPUTE,
          texture: { sampleType: "unfilterable-float", viewDimension: "3d" },
        }, { binding: 1, visibility: webgpu.SHADER_COMPUTE, buffer: { type: "storage" } }],
      })],
    }),
    compute: { module: device.createShaderModule({ code }) },
  });
  const ones = device.createTexture({
    size: [1, 1, 1],
    dimension: "3d",
    format: "rgba32float",
    usage: webgpu.TEXTURE_BINDING | webgpu.TEXTURE_COPY_DST,
  });
  device.queue.writeTexture({ texture: ones }, new Float32Array(4).fill(1), {}, [1, 1, 1]);
  const buffer = (usage: number) => device.createBuffer({ size: bytes, usage });
  const result = buffer(webgpu.BUFFER_STORAGE | webgpu.BUFFER_COPY_SRC);
  const staging = buffer(webgpu.BUFFER_MAP_READ | webgpu.BUFFER_COPY_DST);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: ones.createView() }, {
        binding: 1,
        resource: { buffer: result },
      }],
    }),
  );
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(result, 0, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  try {
    if (await device.popErrorScope()) return 0;
    await staging.mapAsync(webgpu.MAP_READ);
    const firsts = [...new Uint32Array(staging.getMappedRange())];
    const lanes = firsts.lastIndexOf(0) + 1;
    return firsts.every((first, i) => first === i - i % lanes) ? lanes : 0;
  } finally {
    for (const resource of [ones, result, staging]) resource.destroy();
  }
}
