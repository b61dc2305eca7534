// The rules of the house that no reader should have to remember.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = join(import.meta.dirname!, "..");

/** What each folder may import from, besides itself. */
const MAY_IMPORT: Record<string, string[]> = {
  engine: ["shaders"],
  nnunet: ["engine"],
  cli: ["nnunet", "engine", "mod.ts", "deno.json"],
  web: ["nnunet", "engine", "mod.ts"],
};

/** Folders inside `engine/` that the core must not know. */
const ENGINE_ABOVE_CORE = ["ops", "nn", "optim"];

/** These sit on top of the operations. */
const ABOVE_OPS = ["engine/mod.ts", "engine/value_and_grad.ts"];

/** Other engines, for comparison; they have a deno.json of their own. */
const PEERS = "bench/peers/engines/";

/** `shaders/` belongs to these alone. */
const SHADER_USERS = ["engine/ops/", "bench/"];

interface Source {
  /** Relative to the repository, with `/`. */
  path: string;
  text: string;
  /** Relative to the repository; packages as they are written. */
  imports: string[];
}

const sources = [...Object.keys(MAY_IMPORT), "bench", "examples"].flatMap(typescriptBelow);

Deno.test("imports go one way: cli, web -> nnunet -> engine -> shaders", () => {
  const wrong = sources.flatMap(({ path, imports }) => {
    const room = path.split("/")[0];
    const allowed = MAY_IMPORT[room];
    if (!allowed) return [];
    return imports.filter((to) => isOwn(to) && ![room, ...allowed].includes(to.split("/")[0]))
      .map((to) => `${path} imports ${to}`);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("inside the engine: nn, optim -> ops -> core", () => {
  const wrong = sources.filter(({ path }) =>
    path.startsWith("engine/") && !ABOVE_OPS.includes(path)
  )
    .flatMap(({ path, imports }) => {
      const room = path.split("/")[1];
      const above = room === "ops"
        ? ["nn", "optim"]
        : ENGINE_ABOVE_CORE.includes(room)
        ? []
        : ENGINE_ABOVE_CORE;
      return imports.filter((to) => above.some((name) => to.startsWith(`engine/${name}/`)))
        .map((to) => `${path} imports ${to}`);
    });
  assert.deepEqual(wrong, []);
});

Deno.test("only engine/ops and bench import shaders", () => {
  const wrong = sources.filter(({ path, imports }) =>
    imports.some((to) => to.endsWith(".wgsl")) &&
    !SHADER_USERS.some((folder) => path.startsWith(folder))
  );
  assert.deepEqual(wrong.map(({ path }) => path), []);
});

Deno.test("engine and nnunet know no host: no Deno, no node:, no navigator.gpu", () => {
  const wrong = sources.filter(({ path }) =>
    /^(engine|nnunet)\//.test(path) && path !== "engine/request_gpu.ts"
  ).filter(({ text, imports }) =>
    /\bDeno\.|\bnavigator\.gpu\b/.test(withoutComments(text)) ||
    imports.some((to) => to.startsWith("node:"))
  );
  assert.deepEqual(wrong.map(({ path }) => path), []);
});

Deno.test("nothing imports from a web address, and every package is one of its deno.json", () => {
  const packagesOf = (folder: string) =>
    Object.keys(JSON.parse(readFileSync(join(ROOT, folder, "deno.json"), "utf8")).imports);
  const known = packagesOf(".");
  const knownToPeers = packagesOf(PEERS);
  const isKnown = (path: string, to: string) => {
    const names = path.startsWith(PEERS) ? knownToPeers : known;
    return names.some((name) => to === name || to.startsWith(`${name}/`));
  };
  const wrong = sources.flatMap(({ path, imports }) =>
    imports.filter((to) =>
      /^\w+:/.test(to) ? !to.startsWith("node:") : !isOwn(to) && !isKnown(path, to)
    ).map((to) => `${path} imports ${to}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("mod.ts compiles against a browser's types", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "check",
      "--quiet",
      "--no-lock",
      ...["--config", "tests/browser.tsconfig.json"],
      ...["--import-map", "deno.json"],
      "mod.ts",
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});

function isOwn(to: string): boolean {
  return !/^\w+:/.test(to) && (to.includes("/") || to === "mod.ts" || to === "deno.json") &&
    !to.startsWith("@");
}

function typescriptBelow(folder: string): Source[] {
  let entries;
  try {
    entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith(".ts")).map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, "utf8");
    return { path: fromRoot(file), text, imports: importsOf(file, text) };
  });
}

function importsOf(file: string, text: string): string[] {
  const patterns = [
    /\b(?:import|export)\s[^;"'`=()]*?\bfrom\s*"([^"\n]+)"/g,
    /\bimport\s*\(?\s*"([^"\n]+)"/g,
    /\bnew URL\(\s*"([^"\n]+)",\s*import\.meta/g,
  ];
  const specifiers = patterns.flatMap((pattern) => [...withoutComments(text).matchAll(pattern)]);
  return specifiers.map(([, to]) => to.startsWith(".") ? fromRoot(resolve(dirname(file), to)) : to);
}

function fromRoot(path: string): string {
  return relative(ROOT, path).replaceAll("\\", "/");
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, "");
}
