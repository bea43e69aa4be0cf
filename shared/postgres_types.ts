/**
 * How values of PostgreSQL become values here and back. Arrays are declared one by one: postgres.js would ask each new
 * connection for the server's array types, and a connection that breaks during that question ends the process (3.4.9).
 */

/** A type as postgres.js takes it: the ids it is sent as and read from, and its text. */
interface TextType<T> {
  readonly to: number;
  readonly from: number[];
  readonly serialize: (value: T) => string;
  readonly parse: (text: string) => T;
}

/** Numbers that PostgreSQL sends as int8 are sizes here, all below 2^53; ring positions are read as text. */
const bigint: TextType<number> = {
  to: 20,
  from: [20],
  serialize: String,
  parse: Number,
};

/** The runtimes' own hex is an order faster than postgres.js's, and small files are such values. */
const bytea: TextType<Uint8Array> = {
  to: 17,
  from: [17],
  serialize: (bytes) => `\\x${bytes.toHex()}`,
  parse: (text) => Uint8Array.fromHex(text.slice(2)),
};

/** The id of each array type, and how an element's text is read. */
const ARRAYS: readonly (readonly [name: string, id: number, parse: (text: string) => unknown])[] = [
  ["booleans", 1000, (text) => text === "t"],
  ["byteas", 1001, (text) => Uint8Array.fromHex(text.slice(2))],
  ["smallints", 1005, Number],
  ["integers", 1007, Number],
  ["bigints", 1016, Number],
  ["texts", 1009, String],
  ["varchars", 1015, String],
  ["doubles", 1022, Number],
  ["timestamps", 1185, (text) => new Date(text)],
  ["uuids", 2951, String],
];

/** The types that every connection knows besides postgres.js's own. */
export const POSTGRES_TYPES = {
  bigint,
  bytea,
  ...Object.fromEntries(ARRAYS.map(([name, id, parse]) => [name, arrayType(id, parse)])),
};

/** Arrays of one dimension. */
function arrayType(id: number, parse: (text: string) => unknown): TextType<readonly unknown[]> {
  return { to: id, from: [id], serialize: writeArray, parse: (text) => readArray(text, parse) };
}

/** An array as PostgreSQL reads it. */
export function writeArray(values: readonly unknown[]): string {
  const element = (value: unknown) => {
    if (value === null) return "NULL";
    const text = value instanceof Uint8Array
      ? `\\x${value.toHex()}`
      : value instanceof Date
      ? value.toISOString()
      : String(value);
    return `"${text.replace(/["\\]/g, "\\$&")}"`;
  };
  return `{${values.map(element).join(",")}}`;
}

/** An array as PostgreSQL writes it. */
export function readArray(text: string, parse: (text: string) => unknown): unknown[] {
  return [...text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|[^",]+/gs)].map(([whole, quoted]) => {
    if (quoted !== undefined) return parse(quoted.replace(/\\(.)/gs, "$1"));
    return whole === "NULL" ? null : parse(whole);
  });
}
