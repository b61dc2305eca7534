import { evaluateConstant } from "./constant_expression.ts";
import { splitArrays } from "./split_arrays.ts";

/** A resource the shader declares, e.g. `@group(0) @binding(1) var<storage, read> x: array<vec4f>`. */
export interface Binding {
  name: string;
  index: number;
  kind: "uniform" | "read" | "read_write" | "texture_2d" | "texture_3d" | "texture_write_3d";
}

/** What a shader's own text says of it. */
export interface ShaderInterface {
  /** The bindings that the entry point reaches, in order of their index. */
  bindings: Binding[];
  /** Members of `struct Params` in order; each is four bytes. */
  params: { name: string; type: "u32" | "i32" | "f32" }[];
}

const BINDING = /@group\(0\)\s*@binding\((\d+)\)\s*var(?:<([^>]*)>)?\s+(\w+)\s*:\s*([^;]+);/g;
const OVERRIDE =
  /^(?:override\s+(\w+)\s*(?::\s*(\w+))?\s*=\s*([^;]+);|const\s+(\w+)\s*(?::\s*(\w+))?\s*=\s*([^;]+);\s*\/\/ @override.*)$/gm;
const CONSTANT = /^const\s+(\w+)\s*(?::\s*\w+)?\s*=\s*([^;]+);/gm;

/** Reads bindings and parameters of one entry point from the shader's text. */
export function readInterface(source: string, entryPoint: string): ShaderInterface {
  const text = withoutComments(source);
  const reached = reachableText(text, entryPoint);
  const bindings: Binding[] = [];
  for (const [, index, access, name, type] of text.matchAll(BINDING)) {
    // not members of that name: `id.x` does not reach a binding `x`
    if (!new RegExp(`(?<!\\.)\\b${name}\\b`).test(reached)) continue;
    bindings.push({ name: name!, index: Number(index), kind: bindingKind(access, type!) });
  }
  bindings.sort((a, b) => a.index - b.index);
  const struct = /struct\s+Params\s*\{([^}]*)\}/.exec(text)?.[1] ?? "";
  const params = [...struct.matchAll(/(\w+)\s*:\s*(\w+)/g)].map(([, name, type]) => {
    if (type !== "u32" && type !== "i32" && type !== "f32") {
      throw new TypeError(`Cannot use Params.${name}: type ${type} is not u32, i32 or f32`);
    }
    return { name: name!, type } as const;
  });
  return { bindings, params };
}

function bindingKind(access: string | undefined, type: string): Binding["kind"] {
  const space = access?.replace(/\s/g, "");
  if (space === "uniform") return "uniform";
  if (space === "storage" || space === "storage,read") return "read";
  if (space === "storage,read_write") return "read_write";
  if (type.startsWith("texture_2d")) return "texture_2d";
  if (type.startsWith("texture_3d")) return "texture_3d";
  if (type.startsWith("texture_storage_3d")) return "texture_write_3d";
  throw new TypeError(`Cannot bind a resource of type ${type}`);
}

/** Text of the entry point and of every function it calls. */
function reachableText(text: string, entryPoint: string): string {
  const bodies = new Map<string, string>();
  for (const match of text.matchAll(/\bfn\s+(\w+)/g)) {
    const open = text.indexOf("{", match.index);
    bodies.set(match[1]!, text.slice(open, closingBrace(text, open) + 1));
  }
  if (!bodies.has(entryPoint)) throw new TypeError(`Cannot find entry point "${entryPoint}"`);
  const reached = new Set([entryPoint]);
  for (const name of reached) {
    for (const [word] of bodies.get(name)!.matchAll(/\w+/g)) {
      if (bodies.has(word)) reached.add(word);
    }
  }
  return [...reached].map((name) => bodies.get(name)).join("\n");
}

/**
 * Turns a shader file into what the compiler gets: overrides become constants of the chosen values and
 * loops marked `// @unroll` are pasted out.
 *
 * Unrolling here rather than in the driver: naga guards every loop with a counter that keeps drivers
 * from unrolling, and arrays whose indices are all literals live in registers. A constant that sizes a
 * private array cannot be a WGSL `override`; it is written `const TILE = 8u; // @override`.
 *
 * @throws {TypeError} if `overrides` names something that the shader does not declare.
 */
export function specialise(source: string, overrides: Readonly<Record<string, number>>): string {
  const names = new Map<string, number>();
  const unknown = new Set(Object.keys(overrides));
  const text = source.replace(
    OVERRIDE,
    (_, name1, type1, default1, name2, type2, default2) => {
      const name = name1 ?? name2;
      const type = type1 ?? type2 ?? "u32";
      unknown.delete(name);
      const value = overrides[name] ?? defaultValue(default1 ?? default2, names);
      names.set(name, value);
      return `const ${name}: ${type} = ${literal(value, type)};`;
    },
  );
  if (unknown.size) throw new TypeError(`Cannot override "${[...unknown]}": not in the shader`);
  for (const [, name, expression] of text.matchAll(CONSTANT)) {
    if (names.has(name!)) continue;
    // Constants that are no integer expressions (vectors, arrays) never bound a loop.
    try {
      names.set(name!, evaluateConstant(expression!, names));
    } catch { /* not an integer */ }
  }
  return splitArrays(unroll(text, names), names);
}

/** Pastes out every marked loop, outer ones first so that inner bounds may use outer variables. */
function unroll(text: string, names: ReadonlyMap<string, number>): string {
  const match = /\/\/ @unroll[^\n]*\n\s*/.exec(text);
  if (!match) return text;
  const loop = match.index + match[0].length;
  const { copies, end } = pasteLoop(text, loop, names);
  return text.slice(0, match.index) +
    copies.map((copy) => unroll(copy, names)).join("\n") + unroll(text.slice(end), names);
}

function defaultValue(text: string, names: ReadonlyMap<string, number>): number {
  if (text.trim() === "true") return 1;
  if (text.trim() === "false") return 0;
  return evaluateConstant(text, names);
}

function literal(value: number, type: string): string {
  if (type === "bool") return value ? "true" : "false";
  if (type === "f32") return Number.isInteger(value) ? `${value}.0` : `${value}`;
  return type === "u32" ? `${value}u` : `${value}`;
}

/** Copies of the body of the loop at `loop`, the variable replaced by its values; where it ends. */
function pasteLoop(
  text: string,
  loop: number,
  names: ReadonlyMap<string, number>,
): { copies: string[]; end: number } {
  const head =
    /^for\s*\(\s*var\s+(\w+)\s*(?::\s*\w+)?\s*=\s*([^;]+);\s*\w+\s*<\s*([^;]+);\s*\w+\s*(\+\+|\+=\s*[^)]+)\)\s*\{/
      .exec(text.slice(loop, loop + 400));
  if (!head) {
    throw new SyntaxError(
      `Cannot unroll "${text.slice(loop, loop + 60)}": write for (var i = a; i < b; i++) {`,
    );
  }
  const [whole, variable, from, to, step] = head;
  const open = loop + whole.length - 1;
  const close = closingBrace(text, open);
  const body = text.slice(open, close + 1);
  const first = evaluateConstant(from!, names);
  const end = evaluateConstant(to!, names);
  const stride = step === "++" ? 1 : evaluateConstant(step!.slice(2), names);
  const suffix = /u$|[A-Za-z_]/.test(from!.trim()) ? "u" : "";
  const name = new RegExp(`\\b${variable}\\b`, "g");
  const copies: string[] = [];
  for (let i = first; i < end; i += stride) copies.push(body.replace(name, `${i}${suffix}`));
  return { copies, end: close + 1 };
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  throw new SyntaxError("Cannot read the shader: a brace is not closed");
}

function withoutComments(source: string): string {
  return source.replace(/\/\/[^\n]*/g, "");
}
