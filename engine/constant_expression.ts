/**
 * Evaluates the integer expressions that shaders use in loop bounds and constants: literals, names,
 * `+ - * / % << >> & |`, comparisons, parentheses. WGSL's suffixes (`3u`) are accepted.
 *
 * @throws {SyntaxError} if the text holds anything else or an unknown name.
 */
export function evaluateConstant(text: string, names: ReadonlyMap<string, number>): number {
  const tokens =
    text.match(/0x[0-9a-fA-F]+u?|\d+\.?\d*(?:e[+-]?\d+)?[uif]?|\w+|<<|>>|<=|>=|==|!=|\S/g) ??
      [];
  let position = 0;
  const fail = (): never => {
    throw new SyntaxError(`Cannot evaluate "${text}": unexpected "${tokens[position] ?? "end"}"`);
  };

  function primary(): number {
    const token = tokens[position++];
    if (token === undefined) return fail();
    if (token === "-") return -primary();
    if (token === "(") {
      const value = binary(0);
      if (tokens[position++] !== ")") fail();
      return value;
    }
    if (/^\d/.test(token)) return Number(token.replace(/[uif]$/, ""));
    if ((token === "u32" || token === "i32") && tokens[position] === "(") return primary();
    const value = names.get(token);
    if (value === undefined) {
      throw new SyntaxError(`Cannot evaluate "${text}": "${token}" is not a known constant`);
    }
    return value;
  }

  function binary(level: number): number {
    if (level === LEVELS.length) return primary();
    let left = binary(level + 1);
    while (position < tokens.length) {
      const apply = LEVELS[level]![tokens[position]!];
      if (!apply) break;
      position++;
      left = apply(left, binary(level + 1));
    }
    return left;
  }

  const value = binary(0);
  if (position < tokens.length) fail();
  return value;
}

type Binary = (a: number, b: number) => number;

/** Operators from loosest to tightest. */
const LEVELS: Record<string, Binary | undefined>[] = [
  {
    "<": (a, b) => +(a < b),
    ">": (a, b) => +(a > b),
    "<=": (a, b) => +(a <= b),
    ">=": (a, b) => +(a >= b),
    "==": (a, b) => +(a === b),
    "!=": (a, b) => +(a !== b),
  },
  { "|": (a, b) => a | b },
  { "&": (a, b) => a & b },
  { "<<": (a, b) => a << b, ">>": (a, b) => a >> b },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "/": (a, b) => Math.trunc(a / b), "%": (a, b) => a % b },
];
