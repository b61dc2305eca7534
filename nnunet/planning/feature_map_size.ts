import type { Architecture } from "../plans.ts";

/**
 * How many values the convolutions of a U-Net produce for one patch, which stands for the GPU memory
 * that training needs (`compute_conv_feature_map_size` of dynamic-network-architectures; spec 02,
 * section 7). Norms, activations and skip connections do not count.
 *
 * @param patchSize divisible by the strides
 * @param outputChannels of the segmentation layer
 */
export function featureMapSize(
  { arch_kwargs }: Architecture,
  patchSize: number[],
  outputChannels: number,
): number {
  const { strides, features_per_stage: features, n_blocks_per_stage: blocks } = arch_kwargs;
  const product = (values: number[]) => values.reduce((a, b) => a * b, 1);

  let size = patchSize;
  const mapSizes = strides.map((stride) => {
    size = size.map((edge, axis) => Math.floor(edge / stride[axis]));
    return product(size);
  });

  let total = outputChannels * mapSizes[0];
  if (blocks) {
    total += features[0] * product(patchSize);
    mapSizes.forEach((mapSize, stage) => {
      const changes = strides[stage].some((stride) => stride !== 1) ||
        stage > 0 && features[stage] !== features[stage - 1];
      total += (2 * blocks[stage] + (changes ? 1 : 0)) * features[stage] * mapSize;
    });
  } else {
    mapSizes.forEach((mapSize, stage) => {
      total += arch_kwargs.n_conv_per_stage![stage] * features[stage] * mapSize;
    });
  }
  arch_kwargs.n_conv_per_stage_decoder.forEach((convolutions, i) => {
    const stage = arch_kwargs.n_stages - 2 - i;
    // One more for the transposed convolution.
    total += (convolutions + 1) * features[stage] * mapSizes[stage];
  });
  return total;
}
