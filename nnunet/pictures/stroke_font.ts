/**
 * A letter drawn with a pen: `width` is what it takes on the line, `path` its strokes as
 * `M x y` (set the pen down), `L x y` (straight line) and `Q cx cy x y` (curve). Capitals and digits
 * span y = 0 … 10, small letters start at 3, descenders end at 13.
 */
interface Glyph {
  width: number;
  path: string;
}

const BOWL = "Q5.4 3 2.7 3Q0 3 0 6.5Q0 10 2.7 10Q5.4 10 5.4 6.5";

const GLYPHS: Record<string, Glyph> = {
  "A": { width: 7, path: "M0 10L3.5 0L7 10M1.2 6.6L5.8 6.6" },
  "B": {
    width: 6.2,
    path:
      "M3.4 4.7Q5.7 4.7 5.7 2.35Q5.7 0 3.2 0L0 0L0 10L3.5 10Q6.2 10 6.2 7.3Q6.2 4.7 3.4 4.7L0 4.7",
  },
  "C": { width: 6.6, path: "M6.6 2.2Q5.8 0 3.6 0Q0 0 0 5Q0 10 3.6 10Q5.8 10 6.6 7.8" },
  "D": { width: 6.8, path: "M0 0L0 10L2.8 10Q6.8 10 6.8 5Q6.8 0 2.8 0L0 0" },
  "E": { width: 5.5, path: "M5.5 0L0 0L0 10L5.5 10M0 4.8L4.8 4.8" },
  "F": { width: 5.3, path: "M5.3 0L0 0L0 10M0 4.9L4.6 4.9" },
  "G": {
    width: 6.9,
    path: "M6.6 2.2Q5.8 0 3.6 0Q0 0 0 5Q0 10 3.6 10Q6.9 10 6.9 6.6L6.9 5.4L4 5.4",
  },
  "H": { width: 6.5, path: "M0 0L0 10M6.5 0L6.5 10M0 4.8L6.5 4.8" },
  "I": { width: 0, path: "M0 0L0 10" },
  "J": { width: 4.2, path: "M4.2 0L4.2 7.3Q4.2 10 2.1 10Q0 10 0 7.6" },
  "K": { width: 6.2, path: "M0 0L0 10M6 0L0 6.2M2.3 4L6.2 10" },
  "L": { width: 5, path: "M0 0L0 10L5 10" },
  "M": { width: 8, path: "M0 10L0 0L4 6.5L8 0L8 10" },
  "N": { width: 6.6, path: "M0 10L0 0L6.6 10L6.6 0" },
  "O": { width: 7.4, path: "M3.7 0Q0 0 0 5Q0 10 3.7 10Q7.4 10 7.4 5Q7.4 0 3.7 0" },
  "P": { width: 6, path: "M0 10L0 0L3.2 0Q6 0 6 2.8Q6 5.6 3.2 5.6L0 5.6" },
  "Q": { width: 7.4, path: "M3.7 0Q0 0 0 5Q0 10 3.7 10Q7.4 10 7.4 5Q7.4 0 3.7 0M4.8 7.6L7.4 10.8" },
  "R": { width: 6.2, path: "M0 10L0 0L3.2 0Q6 0 6 2.8Q6 5.6 3.2 5.6L0 5.6M3 5.6L6.2 10" },
  "S": {
    width: 5.8,
    path: "M5.6 1.9Q5 0 2.9 0Q.2 0 .2 2.4Q.2 4.3 2.9 4.9Q5.8 5.5 5.8 7.5Q5.8 10 2.9 10Q.5 10 0 7.9",
  },
  "T": { width: 6.6, path: "M0 0L6.6 0M3.3 0L3.3 10" },
  "U": { width: 6.4, path: "M0 0L0 6.6Q0 10 3.2 10Q6.4 10 6.4 6.6L6.4 0" },
  "V": { width: 6.8, path: "M0 0L3.4 10L6.8 0" },
  "W": { width: 9.6, path: "M0 0L2.4 10L4.8 0L7.2 10L9.6 0" },
  "X": { width: 6.4, path: "M0 0L6.4 10M6.4 0L0 10" },
  "Y": { width: 6.6, path: "M0 0L3.3 5L6.6 0M3.3 5L3.3 10" },
  "Z": { width: 6, path: "M0 0L6 0L0 10L6 10" },
  "a": {
    width: 5,
    path: "M.4 4.6Q1 3 2.7 3Q5 3 5 5.4L5 10M5 6.2L2.6 6.2Q0 6.2 0 8.1Q0 10 2.1 10Q4.3 10 5 8",
  },
  "b": { width: 5.4, path: "M0 0L0 10M5.4 6.5" + BOWL },
  "c": { width: 4.8, path: "M4.8 4.6Q4.2 3 2.6 3Q0 3 0 6.5Q0 10 2.6 10Q4.2 10 4.8 8.4" },
  "d": { width: 5.4, path: "M5.4 0L5.4 10M5.4 6.5" + BOWL },
  "e": { width: 5.2, path: "M0 6.4L5.2 6.4Q5.2 3 2.6 3Q0 3 0 6.5Q0 10 2.7 10Q4.5 10 5.1 8.6" },
  "f": { width: 3, path: "M3.2 .1Q1.1 -.4 1.1 2L1.1 10M0 3L3 3" },
  "g": { width: 5.4, path: "M5.4 6.5" + BOWL + "M5.4 3L5.4 10.2Q5.4 13 2.7 13Q.8 13 .3 11.7" },
  "h": { width: 5, path: "M0 0L0 10M0 6.2Q0 3 2.6 3Q5 3 5 5.8L5 10" },
  "i": { width: 0, path: "M0 3L0 10M0 .5L0 .6" },
  "j": { width: 1.4, path: "M1.4 3L1.4 11Q1.4 13 -.2 12.9M1.4 .5L1.4 .6" },
  "k": { width: 4.8, path: "M0 0L0 10M4.6 3L0 7.4M1.8 5.7L4.8 10" },
  "l": { width: 0, path: "M0 0L0 10" },
  "m": {
    width: 8.4,
    path: "M0 3L0 10M0 5.6Q0 3 2.1 3Q4.2 3 4.2 5.6L4.2 10M4.2 5.6Q4.2 3 6.3 3Q8.4 3 8.4 5.6L8.4 10",
  },
  "n": { width: 5, path: "M0 3L0 10M0 6.2Q0 3 2.6 3Q5 3 5 5.8L5 10" },
  "o": { width: 5.4, path: "M5.4 6.5" + BOWL },
  "p": { width: 5.4, path: "M0 3L0 13M5.4 6.5" + BOWL },
  "q": { width: 5.4, path: "M5.4 3L5.4 13M5.4 6.5" + BOWL },
  "r": { width: 2.9, path: "M0 3L0 10M0 6.2Q.1 3 2.9 3.1" },
  "s": {
    width: 4.6,
    path:
      "M4.4 4.4Q3.9 3 2.3 3Q.2 3 .2 4.8Q.2 6.1 2.3 6.5Q4.6 6.9 4.6 8.3Q4.6 10 2.3 10Q.5 10 0 8.5",
  },
  "t": { width: 3, path: "M1.1 .8L1.1 8Q1.1 10.3 3.1 9.8M0 3L3 3" },
  "u": { width: 5, path: "M0 3L0 7.2Q0 10 2.4 10Q5 10 5 6.8M5 3L5 10" },
  "v": { width: 5, path: "M0 3L2.5 10L5 3" },
  "w": { width: 7.6, path: "M0 3L1.9 10L3.8 3L5.7 10L7.6 3" },
  "x": { width: 4.8, path: "M0 3L4.8 10M4.8 3L0 10" },
  "y": { width: 5, path: "M0 3L2.5 10M5 3L2.3 11Q1.6 13 0 12.8" },
  "z": { width: 4.6, path: "M0 3L4.6 3L0 10L4.6 10" },
  "0": { width: 5.6, path: "M2.8 0Q0 0 0 5Q0 10 2.8 10Q5.6 10 5.6 5Q5.6 0 2.8 0" },
  "1": { width: 5.6, path: "M1 1.9L3.2 0L3.2 10" },
  "2": { width: 5.6, path: "M.3 2.6Q.5 0 2.9 0Q5.4 0 5.4 2.6Q5.4 4.2 3.7 6L0 10L5.6 10" },
  "3": {
    width: 5.6,
    path:
      "M.3 2Q.8 0 2.8 0Q5.3 0 5.3 2.4Q5.3 4.7 2.3 4.7M2.5 4.7Q5.6 4.7 5.6 7.3Q5.6 10 2.7 10Q.5 10 0 7.8",
  },
  "4": { width: 5.6, path: "M4.2 10L4.2 0L0 7L5.6 7" },
  "5": {
    width: 5.6,
    path: "M5 0L1 0L.5 4.8Q1.4 3.9 2.8 3.9Q5.6 3.9 5.6 6.9Q5.6 10 2.7 10Q.6 10 0 8",
  },
  "6": {
    width: 5.6,
    path:
      "M5.1 1.6Q4.5 0 3 0Q0 0 0 6L0 6.8Q0 10 2.8 10Q5.6 10 5.6 6.9Q5.6 3.9 2.9 3.9Q.5 3.9 0 6.4",
  },
  "7": { width: 5.6, path: "M0 0L5.6 0L2 10" },
  "8": {
    width: 5.6,
    path:
      "M2.8 4.7Q.3 4.7 .3 2.4Q.3 0 2.8 0Q5.3 0 5.3 2.4Q5.3 4.7 2.8 4.7Q0 4.7 0 7.3Q0 10 2.8 10Q5.6 10 5.6 7.3Q5.6 4.7 2.8 4.7",
  },
  "9": {
    width: 5.6,
    path:
      "M.5 8.4Q1.1 10 2.6 10Q5.6 10 5.6 4L5.6 3.2Q5.6 0 2.8 0Q0 0 0 3.1Q0 6.1 2.7 6.1Q5.1 6.1 5.6 3.6",
  },
  " ": { width: 1.6, path: "" },
  ".": { width: 0, path: "M0 9.9L0 10" },
  ",": { width: .6, path: "M.6 9.6L0 11.6" },
  ":": { width: 0, path: "M0 9.9L0 10M0 4.2L0 4.3" },
  ";": { width: .6, path: "M.6 9.6L0 11.6M.6 4.2L.6 4.3" },
  "!": { width: 0, path: "M0 0L0 6.8M0 9.9L0 10" },
  "?": {
    width: 4.8,
    path: "M0 2.2Q.2 0 2.4 0Q4.8 0 4.8 2.3Q4.8 3.8 3.4 4.7Q2.3 5.5 2.3 7M2.3 9.9L2.3 10",
  },
  "'": { width: 0, path: "M0 0L0 2.6" },
  '"': { width: 2, path: "M0 0L0 2.6M2 0L2 2.6" },
  "(": { width: 2, path: "M2 -.8Q0 1.6 0 5.4Q0 9.2 2 11.8" },
  ")": { width: 2, path: "M0 -.8Q2 1.6 2 5.4Q2 9.2 0 11.8" },
  "[": { width: 2, path: "M2 -.8L0 -.8L0 11.8L2 11.8" },
  "]": { width: 2, path: "M0 -.8L2 -.8L2 11.8L0 11.8" },
  "{": {
    width: 2.6,
    path: "M2.6 -.8Q1.2 -.8 1.2 1L1.2 3.8Q1.2 5.4 0 5.4Q1.2 5.4 1.2 7L1.2 10Q1.2 11.8 2.6 11.8",
  },
  "}": {
    width: 2.6,
    path: "M0 -.8Q1.4 -.8 1.4 1L1.4 3.8Q1.4 5.4 2.6 5.4Q1.4 5.4 1.4 7L1.4 10Q1.4 11.8 0 11.8",
  },
  "<": { width: 5, path: "M5 2.4L0 5.4L5 8.4" },
  ">": { width: 5, path: "M0 2.4L5 5.4L0 8.4" },
  "/": { width: 4, path: "M0 11L4 -.6" },
  "\\": { width: 4, path: "M0 -.6L4 11" },
  "|": { width: 0, path: "M0 -.8L0 11.8" },
  "-": { width: 3, path: "M0 6.2L3 6.2" },
  "–": { width: 5, path: "M0 6.2L5 6.2" },
  "_": { width: 5.4, path: "M0 11.4L5.4 11.4" },
  "+": { width: 5.4, path: "M0 5.6L5.4 5.6M2.7 2.9L2.7 8.3" },
  "=": { width: 5.4, path: "M0 4.2L5.4 4.2M0 7L5.4 7" },
  "*": { width: 4, path: "M2 0L2 4M.3 1L3.7 3M3.7 1L.3 3" },
  "#": { width: 6, path: "M2 .5L1.2 9.5M4.8 .5L4 9.5M.2 3.4L6 3.4M0 6.6L5.8 6.6" },
  "%": {
    width: 8,
    path:
      "M7 0L1 10M1.8 0Q0 0 0 2.2Q0 4.4 1.8 4.4Q3.6 4.4 3.6 2.2Q3.6 0 1.8 0M6.2 5.6Q4.4 5.6 4.4 7.8Q4.4 10 6.2 10Q8 10 8 7.8Q8 5.6 6.2 5.6",
  },
  "&": {
    width: 6.8,
    path:
      "M6.8 10L1.6 3.4Q.8 2.4 .8 1.8Q.8 0 2.8 0Q4.6 0 4.6 1.8Q4.6 3.2 2.6 4.4Q0 5.8 0 7.6Q0 10 2.8 10Q5.8 10 6.4 5.8",
  },
  "@": {
    width: 9,
    path:
      "M6.4 4.8Q6.4 3.2 4.6 3.2Q2.6 3.2 2.6 5.6Q2.6 8 4.4 8Q6.4 8 6.4 5.8L6.4 3.4M6.4 6.6Q6.5 8 7.6 8Q9 8 9 5.2Q9 .6 4.6 .6Q0 .6 0 5.6Q0 10.8 4.8 10.8Q6.6 10.8 7.8 10",
  },
  "$": {
    width: 5.6,
    path:
      "M5.4 2.4Q4.8 .9 2.8 .9Q.2 .9 .2 2.9Q.2 4.5 2.8 5Q5.6 5.6 5.6 7.2Q5.6 9.3 2.8 9.3Q.5 9.3 0 7.5M2.8 -.4L2.8 10.6",
  },
  "^": { width: 4, path: "M0 3L2 0L4 3" },
  "~": { width: 5, path: "M0 6.4Q1.2 4.4 2.5 5.6Q3.8 6.8 5 4.8" },
  "`": { width: 1.6, path: "M0 0L1.6 2" },
  "·": { width: 0, path: "M0 6L0 6.1" },
  "×": { width: 4.4, path: "M0 3.8L4.4 8.2M4.4 3.8L0 8.2" },
  "→": { width: 6.6, path: "M0 6L6.6 6M4.2 3.6L6.6 6L4.2 8.4" },
};

/** Stands for a character that has no glyph. */
const MISSING: Glyph = { width: 5, path: "M0 0L5 0L5 10L0 10L0 0" };

const LETTER_SPACE = 2.5;
const CAPITAL_HEIGHT = 10;

/** A point in pixels, x to the right, y down. */
export type Point = readonly [x: number, y: number];

/** Width in pixels of one line of text whose capitals are `size` pixels high. */
export function textWidth(text: string, size: number): number {
  const units = Array.from(text, (letter) => glyphOf(letter).width + LETTER_SPACE)
    .reduce((sum, width) => sum + width, -LETTER_SPACE);
  return Math.max(0, units) * size / CAPITAL_HEIGHT;
}

/**
 * The pen strokes of one line of text as polylines in pixels; the capitals stand between y = 0 and
 * y = `size`, the first letter starts at x = 0.
 */
export function textStrokes(text: string, size: number): Point[][] {
  const scale = size / CAPITAL_HEIGHT;
  const strokes: Point[][] = [];
  let x = 0;
  for (const letter of text) {
    const { width, path } = glyphOf(letter);
    for (const stroke of pathToPolylines(path)) {
      strokes.push(stroke.map(([px, py]) => [(x + px) * scale, py * scale]));
    }
    x += width + LETTER_SPACE;
  }
  return strokes;
}

function glyphOf(letter: string): Glyph {
  return GLYPHS[letter] ?? MISSING;
}

function pathToPolylines(path: string): Point[][] {
  const lines: Point[][] = [];
  for (const [, command, numbers] of path.matchAll(/([MLQ])([^MLQ]*)/g)) {
    const values = numbers.trim().split(/\s+/).map(Number);
    const end: Point = [values[values.length - 2], values[values.length - 1]];
    if (command === "M") lines.push([end]);
    const line = lines[lines.length - 1];
    if (command === "L") line.push(end);
    if (command === "Q") line.push(...curve(line[line.length - 1], [values[0], values[1]], end));
  }
  return lines;
}

/** Points of a quadratic Bézier curve, without its start. */
function curve([x0, y0]: Point, [cx, cy]: Point, [x1, y1]: Point): Point[] {
  const pieces = 6;
  return Array.from({ length: pieces }, (_, i) => {
    const t = (i + 1) / pieces;
    const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
    return [a * x0 + b * cx + c * x1, a * y0 + b * cy + c * y1];
  });
}
