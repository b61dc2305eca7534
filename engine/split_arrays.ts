import { evaluateConstant } from "./constant_expression.ts";

const DECLARATION = /\bvar\s+(\w+)\s*:\s*array<\s*(\w+(?:<\w+>)?)\s*,\s*([^<>;]+)>\s*;/g;

/**
 * Replaces the arrays of a function that are only ever indexed by constants with one variable for each
 * element: `var a: array<f32, 2>; … a[1]` becomes `var a_0: f32; var a_1: f32; … a_1`.
 *
 * Drivers would do the same, but take several times as long to compile, and not all of them see it
 * through.
 *
 * @param names constants that sizes and indices may use
 */
export function splitArrays(text: string, names: ReadonlyMap<string, number>): string {
  const functions = [...text.matchAll(/\bfn\s+\w+/g)].map(({ index }) => index);
  const pieces = [0, ...functions].map((begin, i) => text.slice(begin, functions[i]));
  return pieces.map((piece) => splitIn(piece, names)).join("");
}

/** The same for the text of one function. */
function splitIn(text: string, names: ReadonlyMap<string, number>): string {
  const candidates = new Set([...text.matchAll(DECLARATION)].map(([, name]) => name));
  if (candidates.size === 0) return text;
  const pattern = `(?<![.\\w])(${[...candidates].join("|")})\\b`;

  // Uses with their element; an array that is used in any other way stays.
  const uses: { name: string; begin: number; end: number; element: number }[] = [];
  const undeclared = text.replace(DECLARATION, (declaration) => " ".repeat(declaration.length));
  for (const { 0: name, index: begin } of undeclared.matchAll(new RegExp(pattern, "g"))) {
    const open = begin + name.length;
    const end = undeclared[open] === "[" ? closingBracket(undeclared, open) + 1 : open;
    const element = constantIn(undeclared.slice(open + 1, end - 1), names);
    if (element === undefined) candidates.delete(name);
    else uses.push({ name, begin, end, element });
  }

  let result = "";
  let position = 0;
  const put = (begin: number, end: number, replacement: string) => {
    result += text.slice(position, begin) + replacement;
    position = end;
  };
  const edits = [
    ...[...text.matchAll(DECLARATION)].map((match) => {
      const [whole, name, type, size] = match;
      const count = evaluateConstant(size, names);
      const variables = Array.from({ length: count }, (_, i) => `var ${name}_${i}: ${type};`);
      return { name, begin: match.index, end: match.index + whole.length, by: variables.join(" ") };
    }),
    ...uses.map(({ element, ...use }) => ({ ...use, by: `${use.name}_${element}` })),
  ];
  edits.sort((a, b) => a.begin - b.begin);
  for (const { name, begin, end, by } of edits) if (candidates.has(name)) put(begin, end, by);
  return result + text.slice(position);
}

function constantIn(expression: string, names: ReadonlyMap<string, number>): number | undefined {
  try {
    return evaluateConstant(expression, names);
  } catch {
    return undefined;
  }
}

function closingBracket(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "[") depth++;
    else if (text[i] === "]" && --depth === 0) return i;
  }
  throw new SyntaxError("Cannot read the shader: a bracket is not closed");
}
