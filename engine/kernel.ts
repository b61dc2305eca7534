import { readInterface, type ShaderInterface, specialise } from "./shader_source.ts";

/**
 * A compute shader entry point: a name for people, the shader's text, and the interface read from it.
 * Belongs to no device; each {@linkcode Gpu} compiles it once per set of override values.
 */
export class Kernel {
  /** Appears in pipelines, errors, benches: `conv3d.forward`. */
  readonly label: string;
  readonly interface: ShaderInterface;
  readonly #source: string;

  /**
   * @param name the op, e.g. `"leaky_relu"`
   * @param source WGSL; several texts (a library and its user) are joined
   * @param entryPoint function in it
   */
  constructor(name: string, source: string | string[], readonly entryPoint: string) {
    this.label = `${name}.${entryPoint}`;
    this.#source = typeof source === "string" ? source : source.join("\n");
    this.interface = readInterface(this.#source, entryPoint);
  }

  /** The text for one set of override values, see {@linkcode specialise}. */
  code(overrides: Readonly<Record<string, number>>): string {
    return specialise(this.#source, overrides);
  }
}
