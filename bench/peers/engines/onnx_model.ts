/** A tensor by name; weights come with their elements, in C order. */
export interface OnnxTensor {
  name: string;
  shape: readonly number[];
  data?: Float32Array;
}

/** One operation of a graph. Attributes are integers, lists of integers, or (`{float}`) a float. */
export interface OnnxNode {
  operator: string;
  inputs: readonly string[];
  output: string;
  attributes?: Record<string, number | readonly number[] | { float: number }>;
}

/** A network of float32 tensors. */
export interface OnnxGraph {
  input: OnnxTensor;
  output: OnnxTensor;
  weights: readonly OnnxTensor[];
  nodes: readonly OnnxNode[];
}

const IR_VERSION = 9;
const OPSET = 19;
const FLOAT = 1;

/** Numbers of `AttributeProto.type`. */
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/** The bytes of an ONNX file; field numbers are those of onnx.proto. */
export function encodeOnnx({ input, output, weights, nodes }: OnnxGraph): Uint8Array {
  const graph = [
    ...nodes.map((node) => message(1, encodeNode(node))),
    string(2, "graph"),
    ...weights.map((weight) => message(5, encodeWeight(weight))),
    message(11, encodeValueInfo(input)),
    message(12, encodeValueInfo(output)),
  ];
  return concatenate([
    integer(1, IR_VERSION),
    message(7, graph),
    message(8, [string(1, ""), integer(2, OPSET)]),
  ]);
}

function encodeNode({ operator, inputs, output, attributes = {} }: OnnxNode): Uint8Array[] {
  return [
    ...inputs.map((name) => string(1, name)),
    string(2, output),
    string(4, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      message(5, [string(1, name), ...encodeAttribute(value)])
    ),
  ];
}

function encodeAttribute(value: number | readonly number[] | { float: number }): Uint8Array[] {
  if (typeof value === "number") return [integer(3, value), integer(20, ATTRIBUTE_INT)];
  if ("float" in value) return [float(2, value.float), integer(20, ATTRIBUTE_FLOAT)];
  return [...value.map((element) => integer(8, element)), integer(20, ATTRIBUTE_INTS)];
}

function encodeWeight({ name, shape, data = new Float32Array() }: OnnxTensor): Uint8Array[] {
  return [
    ...shape.map((extent) => integer(1, extent)),
    integer(2, FLOAT),
    string(8, name),
    bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function encodeValueInfo({ name, shape }: OnnxTensor): Uint8Array[] {
  const dimensions = shape.map((extent) => message(1, [integer(1, extent)]));
  const tensorType = message(1, [integer(1, FLOAT), message(2, dimensions)]);
  return [string(1, name), message(2, [tensorType])];
}

function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  return bytes(field, concatenate(parts));
}

function string(field: number, text: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(text));
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return concatenate([varint(field << 3 | 2), varint(content.length), content]);
}

function integer(field: number, value: number): Uint8Array {
  return concatenate([varint(field << 3), varint(value)]);
}

function float(field: number, value: number): Uint8Array {
  const content = new Uint8Array(4);
  new DataView(content.buffer).setFloat32(0, value, true);
  return concatenate([varint(field << 3 | 5), content]);
}

/** Non-negative integers, seven bits a byte, the lowest first. */
function varint(value: number): Uint8Array {
  const digits = [];
  for (; value >= 128; value = Math.floor(value / 128)) digits.push(value % 128 | 128);
  return Uint8Array.from([...digits, value]);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
