// Chrome compiles WGSL with Tint, Deno with naga, and they differ: every entry point must pass both.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { create } from "webgpu";

const ROOT = join(import.meta.dirname!, "..");
const SHADERS = join(ROOT, "shaders");
const FEATURES: GPUFeatureName[] = ["shader-f16", "subgroups"];

/** A shader file with the library texts that its kernels put in front of it. */
interface Shader {
  path: string;
  code: string;
  entryPoints: string[];
}

const libraries = joinedLibraries();
const shaders: Shader[] = filesBelow(SHADERS, ".wgsl").map((path) => {
  const text = readFileSync(path, "utf8");
  const code = [...libraries.get(path) ?? [], path].map((p) => readFileSync(p, "utf8")).join("\n");
  const entries = text.matchAll(/@compute[^{]*?\bfn\s+(\w+)/g);
  return { path: path.slice(SHADERS.length + 1), code, entryPoints: [...entries].map((m) => m[1]) };
});

Deno.test("shaders compile under Chrome's compiler (Tint)", async (t) => {
  // Dawn crashes if this object is collected while its device is in use: it stays in a variable.
  const dawn = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
  const device = await openDevice(dawn as GPU);
  assert.ok(device, "Dawn's null backend gives a device on every machine");
  await compileAll(t, device, true);
  device.destroy();
  assert.ok(dawn);
});

const adapter = await navigator.gpu?.requestAdapter();
Deno.test({
  name: `shaders compile under Deno's compiler (naga)${adapter ? "" : " (skipped: no adapter)"}`,
  ignore: !adapter,
  fn: async (t) => {
    const device = await openDevice(navigator.gpu);
    await compileAll(t, device!, false);
    device!.destroy();
  },
});

Deno.test("every entry point of a shader belongs to a kernel", () => {
  const callers = sourcesThatMakeKernels();
  const orphans = shaders.flatMap(({ path, entryPoints }) => {
    const users = callers.filter(({ wgsl }) => wgsl.includes(join(SHADERS, path)));
    return entryPoints.filter((entry) => !users.some(({ text }) => text.includes(entry)))
      .map((entry) => `${path}: ${entry}`);
  });
  assert.deepEqual(orphans, []);
});

async function compileAll(t: Deno.TestContext, device: GPUDevice, needsEnable: boolean) {
  assert.ok(shaders.length > 0, "there are shaders");
  for (const { path, code, entryPoints } of shaders) {
    await t.step(path, async () => {
      const enable = needsEnable && /\bsubgroup[A-Z]\w*\(/.test(code) ? "enable subgroups;\n" : "";
      device.pushErrorScope("validation");
      const module = device.createShaderModule({ label: path, code: enable + code });
      for (const entryPoint of entryPoints) {
        device.createComputePipeline({ layout: "auto", compute: { module, entryPoint } });
      }
      const error = await device.popErrorScope();
      assert.equal(error?.message, undefined);
    });
  }
}

async function openDevice(gpu: GPU): Promise<GPUDevice | undefined> {
  const limits = ["maxStorageBuffersPerShaderStage", "maxComputeWorkgroupStorageSize"] as const;
  // Deno grants subgroups without listing them; f16 is asked for where it is listed.
  const adapter = await gpu.requestAdapter();
  if (!adapter) return undefined;
  const isDeno = gpu === navigator.gpu;
  return await adapter.requestDevice({
    requiredFeatures: FEATURES.filter((feature) =>
      adapter.features.has(feature) || (isDeno && feature === "subgroups")
    ),
    requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
  });
}

/** Sources that import shaders, with the shaders' absolute paths. */
function sourcesThatMakeKernels(): { text: string; wgsl: string[]; names: Map<string, string> }[] {
  const folders = ["engine", "bench"].map((name) => join(ROOT, name));
  return folders.flatMap((folder) => filesBelow(folder, ".ts")).map((path) => {
    const text = readFileSync(path, "utf8");
    const names = new Map<string, string>();
    for (const [, name, file] of text.matchAll(/import\s+(\w+)\s+from\s+"([^"]+\.wgsl)"/g)) {
      names.set(name, resolve(dirname(path), file));
    }
    return { text, wgsl: [...names.values()], names };
  }).filter(({ wgsl }) => wgsl.length > 0);
}

/** Shader file → files whose text goes before it, from the arrays that kernels are made with. */
function joinedLibraries(): Map<string, string[]> {
  const joined = new Map<string, string[]>();
  for (const { text, names } of sourcesThatMakeKernels()) {
    for (const [, list] of text.matchAll(/\[((?:\s*\w+\s*,)+\s*\w+\s*,?\s*)\]/g)) {
      const paths = list.split(",").map((name) => names.get(name.trim()));
      const file = paths.filter((path) => path !== undefined);
      if (file.length > 1) joined.set(file.at(-1)!, file.slice(0, -1));
    }
  }
  return joined;
}

function filesBelow(folder: string, ending: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name)).sort();
}
