// Makes a machine ready: pinned packages, and a WebGPU adapter. Quick when all is there.
import { print, printError } from "./print.ts";

const SOFTWARE_ADAPTER = ["mesa-vulkan-drivers", "libvulkan1"];

if (import.meta.main) {
  await installPackages();
  if (await findAdapter() === undefined) await installSoftwareAdapter();
}

async function installPackages(): Promise<void> {
  const { success, stderr } = await run(Deno.execPath(), ["install", "--frozen", "--quiet"]);
  if (success) return;
  printError(stderr.trimEnd());
  printError(
    "Cannot install the packages that deno.lock names: see above; " +
      "a network with access to an npm registry is needed once",
  );
  Deno.exit(1);
}

/** Description of the adapter that a fresh process finds. */
async function findAdapter(): Promise<string | undefined> {
  const { stdout } = await run(Deno.execPath(), [
    "eval",
    `const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
     if (adapter) console.log(adapter.info.description || adapter.info.vendor || "unnamed adapter");`,
  ], {
    // On Linux without Vulkan, OpenGL may give an adapter, with fewer features and less speed.
    ...(Deno.build.os === "linux" && { DENO_WEBGPU_BACKEND: "vulkan" }),
  });
  return stdout.trim() || undefined;
}

async function installSoftwareAdapter(): Promise<void> {
  const byHand = `apt-get install -y ${SOFTWARE_ADAPTER.join(" ")}`;
  const asRoot = await rootPrefix();
  const hasApt = Deno.build.os === "linux" && (await run("apt-get", ["--version"])).success;
  if (!hasApt || asRoot === undefined) {
    printError(
      "No WebGPU adapter found: install your graphics card's driver with Vulkan, or the software " +
        `adapter (Debian, Ubuntu: sudo ${byHand})`,
    );
    // Not a failure: everything that needs no GPU works.
    return;
  }
  print(`No WebGPU adapter found: installing the software one (${byHand})`);
  const apt = async (...args: string[]) => {
    const [program, ...rest] = [...asRoot, "apt-get", ...args];
    return await run(program, rest, { DEBIAN_FRONTEND: "noninteractive" });
  };
  const install = () => apt("install", "-y", "--no-install-recommends", ...SOFTWARE_ADAPTER);
  // The package lists of a fresh container are empty or stale: then update, and try once more.
  let result = await install();
  if (!result.success) {
    await apt("update");
    result = await install();
  }
  const adapter = result.success ? await findAdapter() : undefined;
  if (adapter !== undefined) {
    print(`Installed the software adapter: ${adapter}`);
    return;
  }
  if (result.stderr) printError(result.stderr.trimEnd());
  printError(`Cannot install the software adapter: see above, or try "sudo ${byHand}" by hand`);
}

/** What goes before a command that needs root; `undefined` where that would ask for a password. */
async function rootPrefix(): Promise<string[] | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  if (Deno.uid() === 0) return [];
  return (await run("sudo", ["-n", "true"])).success ? ["sudo", "-n"] : undefined;
}

async function run(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { success, stdout: text(stdout), stderr: text(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { success: false, stdout: "", stderr: "" };
    throw error;
  }
}
