import { compareCodePoints } from "./code_points.ts";

/**
 * JSON as Python's `json` module reads and writes it: `NaN` and infinities are numbers, `1.0` and
 * `1` differ, keys stay in the order of the file. nnU-Net's files come out as nnU-Net writes them.
 */

/** A number that Python wrote, or is to read, as a float: `1.0` where a plain 1 would be `1`. */
export class Float {
  constructor(readonly value: number) {}
}

/** Options for {@linkcode parsePythonJson}. */
export interface ParseOptions {
  /** Give numbers with a point or an exponent as {@linkcode Float}. @default {false} */
  keepFloats?: boolean;
}

/**
 * Parses as Python's `json.loads` does.
 *
 * @throws {SyntaxError} with line and column of what is wrong
 */
export function parsePythonJson(text: string, { keepFloats = false }: ParseOptions = {}): unknown {
  let at = 0;

  function fail(what: string): never {
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    throw new SyntaxError(`${what} at line ${line}, column ${column}`);
  }

  function skipBlanks(): void {
    while (" \t\n\r".includes(text[at] ?? "x")) at++;
  }

  function string(): string {
    STRING.lastIndex = at;
    const match = STRING.exec(text);
    if (!match) fail("text without an end or with a control character");
    try {
      const value = JSON.parse(match[0]);
      at = STRING.lastIndex;
      return value;
    } catch {
      fail("text with an invalid escape");
    }
  }

  /** Members of an object or array after its opening bracket, up to and with the closing one. */
  function members(close: string, member: () => void): void {
    at++;
    skipBlanks();
    if (text[at] === close) {
      at++;
      return;
    }
    while (true) {
      member();
      skipBlanks();
      if (text[at] === close) break;
      if (text[at] !== ",") fail(`"," or "${close}" expected`);
      at++;
      skipBlanks();
    }
    at++;
  }

  function object(): unknown {
    const entries: [string, unknown][] = [];
    members("}", () => {
      if (text[at] !== '"') fail("a key in double quotes expected");
      const key = string();
      skipBlanks();
      if (text[at] !== ":") fail('":" expected');
      at++;
      entries.push([key, value()]);
    });
    return fromOrderedEntries(entries);
  }

  function array(): unknown[] {
    const items: unknown[] = [];
    members("]", () => items.push(value()));
    return items;
  }

  function value(): unknown {
    skipBlanks();
    if (text[at] === "{") return object();
    if (text[at] === "[") return array();
    if (text[at] === '"') return string();
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) fail("a value expected");
    at = TOKEN.lastIndex;
    if (token in CONSTANTS) return CONSTANTS[token];
    const number = Number(token);
    return keepFloats && /[.eENI]/.test(token) ? new Float(number) : number;
  }

  const result = value();
  skipBlanks();
  if (at < text.length) fail("nothing more expected");
  return result;
}

// deno-lint-ignore no-control-regex -- they are what must not occur
const STRING = /"(?:[^"\\\x00-\x1f]|\\.)*"/y;
const TOKEN = /true|false|null|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const CONSTANTS: Record<string, unknown> = { true: true, false: false, null: null };

/** Key order of objects that JavaScript would list in another: it puts whole numbers first. */
const keyOrders = new WeakMap<object, string[]>();

/** Like `Object.fromEntries`, but {@linkcode orderedEntries} gives back this order for any keys. */
export function fromOrderedEntries<T>(entries: Iterable<[string, T]>): Record<string, T> {
  const map = new Map(entries);
  const object: Record<string, T> = {};
  for (const [key, value] of map) {
    // An assignment would take the key "__proto__" for the object's prototype.
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  const order = [...map.keys()];
  if (Object.keys(object).some((key, i) => key !== order[i])) keyOrders.set(object, order);
  return object;
}

/** Like `Object.entries`, but in the order of the file the object was parsed from. */
export function orderedEntries<T>(object: Record<string, T>): [string, T][] {
  const order = keyOrders.get(object);
  if (!order) return Object.entries(object);
  const added = Object.keys(object).filter((key) => !order.includes(key));
  return [...order.filter((key) => key in object), ...added].map((key) => [key, object[key]]);
}

/** Options for {@linkcode formatPythonJson}. */
export interface FormatOptions {
  /** Keys in code-point order instead of their own. @default {false} */
  sortKeys?: boolean;
  /**
   * Whether the numbers at this place (keys from the root; list positions are left out) are floats
   * to Python, so that a whole one is written `1.0`. @default never
   */
  isFloat?: (path: readonly string[]) => boolean;
}

/** Formats as Python's `json.dump(value, indent=4)` does; keys with value `undefined` are left out. */
export function formatPythonJson(
  root: unknown,
  { sortKeys = false, isFloat = () => false }: FormatOptions = {},
): string {
  function format(value: unknown, path: readonly string[], indent: string): string {
    const inner = indent + "    ";
    const wrap = (open: string, items: string[], close: string) =>
      items.length === 0
        ? open + close
        : `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;

    if (value === null || typeof value === "boolean") return String(value);
    if (typeof value === "string") return formatString(value);
    if (value instanceof Float) return formatFloat(value.value);
    if (typeof value === "number") {
      return Number.isInteger(value) && !isFloat(path) ? String(BigInt(value)) : formatFloat(value);
    }
    if (Array.isArray(value)) {
      return wrap("[", value.map((item) => format(item, path, inner)), "]");
    }
    if (typeof value !== "object") {
      throw new TypeError(`Cannot write ${path.join(".")} as JSON: it is a ${typeof value}`);
    }
    const entries = orderedEntries(value as Record<string, unknown>)
      .filter(([, item]) => item !== undefined);
    if (sortKeys) entries.sort(([a], [b]) => compareCodePoints(a, b));
    const items = entries.map(([key, item]) =>
      `${formatString(key)}: ${format(item, [...path, key], inner)}`
    );
    return wrap("{", items, "}");
  }
  return format(root, [], "");
}

/** The shortest text that gives the same double, as Python's `repr` writes it. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (Object.is(value, -0)) return "-0.0";
  const [mantissa, exponentText] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const sign = exponent < 0 ? "-" : "+";
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const plain = String(value);
  return plain.includes(".") ? plain : plain + ".0";
}

function formatString(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\uffff]/g,
    (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}
