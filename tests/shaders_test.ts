// Chrome compiles WGSL with Tint, Deno with naga, and they differ: every entry point must pass both.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { create } from "webgpu";

const ROOT = join(import.meta.dirname!, "..");
const SHADERS = join(ROOT, "shaders");
const FEATURES: GPUFeatureName[] = ["shader-f16", "subgroups"];

/** The text that some kernels are made from: one file, or several joined. */
interface Shader {
  /** Relative to `shaders/`, joined by ` + `. */
  name: string;
  code: string;
  entryPoints: string[];
}

const callers = sourcesThatMakeKernels();
const joined = joinedFiles();
const parts = new Set(joined.flat());
const single = filesBelow(SHADERS, ".wgsl").filter((path) => !parts.has(path)).map((
  path,
) => [path]);
const shaders = [...single, ...joined].map(readShader);

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
  const orphans = filesBelow(SHADERS, ".wgsl").flatMap((path) => {
    const users = callers.filter(({ names }) => [...names.values()].includes(path));
    const { name, entryPoints } = readShader([path]);
    return entryPoints.filter((entry) => !users.some(({ text }) => text.includes(entry)))
      .map((entry) => `${name}: ${entry}`);
  });
  assert.deepEqual(orphans, []);
});

async function compileAll(t: Deno.TestContext, device: GPUDevice, needsEnable: boolean) {
  assert.ok(shaders.length > 0, "there are shaders");
  for (const { name, code, entryPoints } of shaders) {
    await t.step(name, async () => {
      // As the engine does: the directive first where it is wanted, left out where it is refused.
      const directive = /^enable subgroups;/m;
      const enable = needsEnable && directive.test(code) ? "enable subgroups;\n" : "";
      device.pushErrorScope("validation");
      const module = device.createShaderModule({
        label: name,
        code: enable + code.replace(directive, ""),
      });
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

function readShader(paths: string[]): Shader {
  const code = paths.map((path) => readFileSync(path, "utf8")).join("\n");
  const entryPoints = [...code.matchAll(/@compute[^{]*?\bfn\s+(\w+)/g)].map(([, name]) => name);
  return { name: paths.map((p) => p.slice(SHADERS.length + 1)).join(" + "), code, entryPoints };
}

/** Sources that import shaders; `names` says which file a name stands for. */
function sourcesThatMakeKernels(): { text: string; names: Map<string, string> }[] {
  const folders = ["engine", "bench"].map((name) => join(ROOT, name));
  return folders.flatMap((folder) => filesBelow(folder, ".ts")).map((path) => {
    const text = readFileSync(path, "utf8");
    const imports = text.matchAll(/import\s+(\w+)\s+from\s+"([^"\n]+\.wgsl)"/g);
    const names = [...imports].map(([, name, file]) =>
      [name, resolve(dirname(path), file)] as const
    );
    return { text, names: new Map(names) };
  });
}

/** Files that kernels join, `new Kernel("name", [library, source], …)`, each combination once. */
function joinedFiles(): string[][] {
  // A library may be imported in one source and handed to another.
  const everywhere = new Map(callers.flatMap(({ names }) => [...names]));
  const combinations = callers.flatMap(({ text, names }) => {
    const lists = text.matchAll(/new Kernel\([^,[]+,\s*\[([\w\s,]+)\]/g);
    return [...lists].map(([, list]) =>
      list.split(",").map((name) => name.trim()).filter(Boolean)
        .map((name) => names.get(name) ?? everywhere.get(name)!)
    );
  });
  return [...new Map(combinations.map((files) => [files.join(), files])).values()];
}

function filesBelow(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name)).sort();
}
