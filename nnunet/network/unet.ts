import type { Gpu, Tensor } from "../../engine/mod.ts";
import { allocate, namedParameters } from "../../engine/nn/parameter.ts";
import type { NamedArray } from "../checkpoint.ts";
import { DataError } from "../errors.ts";
import type { Architecture, ArchitectureKwargs } from "../plans.ts";
import type { BlockSettings } from "./conv_block.ts";
import { Decoder } from "./decoder.ts";
import { type Encoder, PlainEncoder, ResidualEncoder } from "./encoder.ts";

/** What a network of a plan needs besides its architecture. */
export interface UnetOptions {
  /** Channels of the image, with those of a previous stage. */
  inputChannels: number;
  /** Classes, or regions. */
  outputChannels: number;
  /** Of the initial values. @default {0} */
  seed?: number;
}

/**
 * nnU-Net's networks, `PlainConvUNet` and `ResidualEncoderUNet` (spec 04), with initial values (He).
 * Owns the memory of its parameters until {@linkcode Unet.dispose}.
 */
export class Unet {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly #gpu: Gpu;
  readonly #strides: number[][];
  readonly #memory: Tensor;

  /** @throws {DataError} if the architecture asks for something that nnU-Net's planners never do. */
  constructor(gpu: Gpu, architecture: Architecture, options: UnetOptions) {
    const { inputChannels, outputChannels, seed = 0 } = options;
    const kwargs = architecture.arch_kwargs;
    const settings = blockSettings(kwargs);
    this.encoder = new (encoderClass(architecture))(inputChannels, kwargs, settings);
    this.decoder = new Decoder(outputChannels, kwargs, settings);
    this.#gpu = gpu;
    this.#strides = kwargs.strides;
    this.#memory = allocate(gpu, [...namedParameters(this).values()], seed);
  }

  /** Parameters by canonical name, in the order of PyTorch's `named_parameters`. */
  parameters(): Map<string, Tensor> {
    return new Map([...namedParameters(this)].map(([name, { tensor }]) => [name, tensor]));
  }

  /**
   * Raw logits `[N, outputChannels, ...]`: of full resolution, followed with `deepSupervision` by
   * those of each lower one except the lowest.
   *
   * @param x `[N, inputChannels, ...]`
   * @throws {RangeError} if an extent is not divisible by the product of its axis' strides.
   */
  forward(x: Tensor, { deepSupervision = false } = {}): Tensor[] {
    this.#checkExtents(x);
    return this.#gpu.scope(() => this.#runLevel(0, x, deepSupervision).logits);
  }

  /** Goes down from `level`, and up again to it. A scope each, so that what is below is freed. */
  #runLevel(level: number, x: Tensor, allLogits: boolean): { features: Tensor; logits: Tensor[] } {
    return this.#gpu.scope(() => {
      const skip = this.encoder.runStage(level, x);
      if (level === this.#strides.length - 1) return { features: skip, logits: [] };
      const below = this.#runLevel(level + 1, skip, allLogits);
      const features = this.decoder.runStage(level, skip, below.features);
      const logits = allLogits || level === 0
        ? [this.decoder.runHead(level, features), ...below.logits]
        : [];
      return { features, logits };
    });
  }

  #checkExtents(x: Tensor): void {
    const factors = this.#strides.reduce((product, stride) =>
      product.map((factor, axis) => factor * stride[axis])
    );
    const spatial = x.shape.slice(2);
    if (spatial.length !== factors.length || factors.some((f, axis) => spatial[axis] % f)) {
      throw new RangeError(
        `Cannot run the network on x [${x.shape.join(", ")}]: its spatial extents need to be ` +
          `multiples of [${factors.join(", ")}]`,
      );
    }
  }

  /**
   * Overwrites all parameters.
   *
   * @throws {DataError} if names or shapes are not exactly those of the network; nothing is changed.
   */
  load(arrays: ReadonlyMap<string, NamedArray>): void {
    const parameters = this.parameters();
    const fail = (why: string): never => {
      throw new DataError(
        `Cannot load the network's weights: ${why}, use weights that were trained with these plans`,
      );
    };
    for (const [name, { shape }] of parameters) {
      const given = arrays.get(name) ?? fail(`"${name}" is missing`);
      if (given.shape.join() !== shape.join() || given.data.length !== parameters.get(name)!.size) {
        fail(`"${name}" is [${given.shape.join(", ")}], the network has [${shape.join(", ")}]`);
      }
    }
    for (const name of arrays.keys()) {
      if (!parameters.has(name)) fail(`the network has no "${name}"`);
    }
    for (const [name, tensor] of parameters) this.#gpu.write(tensor, arrays.get(name)!.data);
  }

  /** Copies of all parameters as they are at the call. */
  async save(): Promise<Map<string, NamedArray>> {
    const parameters = this.parameters();
    const elements = await this.#memory.read();
    return new Map(
      [...parameters].map(([name, { shape, size, byteOffset }]) => {
        const begin = byteOffset / 4;
        return [name, { shape, data: elements.slice(begin, begin + size) }];
      }),
    );
  }

  /** Frees the parameters. */
  dispose(): void {
    for (const tensor of this.parameters().values()) tensor.dispose();
    this.#memory.dispose();
  }
}

/** Encoders by the last part of the class name in the plans; older plans have other paths. */
function encoderClass({ network_class_name, arch_kwargs }: Architecture) {
  const name = network_class_name.split(".").at(-1);
  if (name === "PlainConvUNet" && arch_kwargs.n_conv_per_stage) return PlainEncoder;
  if (name === "ResidualEncoderUNet" && arch_kwargs.n_blocks_per_stage) return ResidualEncoder;
  throw new DataError(
    `Cannot build network "${network_class_name}": only PlainConvUNet (with n_conv_per_stage) and ` +
      "ResidualEncoderUNet (with n_blocks_per_stage) are known, use a plan with one of them",
  );
}

function blockSettings(kwargs: ArchitectureKwargs): BlockSettings {
  const isUnknown = (key: "norm_op" | "nonlin" | "dropout_op", known: RegExp) =>
    !known.test(kwargs[key] ?? "");
  const unknown = isUnknown("norm_op", /\bInstanceNorm[23]d$/)
    ? "norm_op"
    : isUnknown("nonlin", /\bLeakyReLU$/)
    ? "nonlin"
    : isUnknown("dropout_op", /^$/)
    ? "dropout_op"
    : undefined;
  if (unknown) {
    throw new DataError(
      `Cannot build the network: "${unknown}" ${
        kwargs[unknown]
      } is not supported, use a plan with ` +
        "InstanceNorm, LeakyReLU and no dropout",
    );
  }
  const { negative_slope } = kwargs.nonlin_kwargs ?? {};
  return {
    bias: kwargs.conv_bias,
    eps: kwargs.norm_op_kwargs.eps,
    negativeSlope: typeof negative_slope === "number" ? negative_slope : 0.01,
  };
}
