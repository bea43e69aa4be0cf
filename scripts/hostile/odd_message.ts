/** Messages of any type with odd values in every field: what they are made from is the protocol's own description. */
import {
  create,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Random } from "../faults/random.ts";
import { bytesOf, mangled, noise, oddText, oddUuid } from "./oddities.ts";

/** What is there: buckets, keys, ids. An odd message that names such a thing gets further than one that names nothing. */
export type Known = readonly string[];

const WIDE: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
  ScalarType.SINT64,
]);
const SIGNED: ReadonlySet<ScalarType> = new Set([ScalarType.INT32, ScalarType.SINT32, ScalarType.SFIXED32]);

/** An odd message of a type. */
export function oddMessage(random: Random, type: DescMessage, known: Known, depth = 0): Message {
  const message = create(type);
  const fields = reflect(type, message);
  for (const field of type.fields) if (random.next() < 0.8) fill(random, fields, field, known, depth);
  return message;
}

/** An odd message as bytes, of which some may be wrong. */
export function oddBinary(random: Random, type: DescMessage, known: Known): Uint8Array<ArrayBuffer> {
  return mangled(random, toBinary(type, oddMessage(random, type, known)));
}

/** The same as JSON. */
export function oddJson(random: Random, type: DescMessage, known: Known): Uint8Array<ArrayBuffer> {
  return mangled(random, bytesOf(JSON.stringify(toJson(type, oddMessage(random, type, known)))));
}

function fill(random: Random, fields: ReflectMessage, field: DescField, known: Known, depth: number): void {
  switch (field.fieldKind) {
    case "scalar":
      return fields.set(field, scalar(random, field.scalar, known));
    case "enum":
      return fields.set(field, random.between(0, 5));
    case "message":
      if (depth < 3) fields.set(field, reflect(field.message, oddMessage(random, field.message, known, depth + 1)));
      return;
    case "list":
      if (field.listKind !== "scalar") return;
      for (let i = random.between(0, 4); i > 0; i--) fields.get(field).add(scalar(random, field.scalar, known));
      return;
    case "map":
      for (let i = random.between(0, 4); i > 0; i--) fields.get(field).set(oddText(random).toWellFormed(), "x");
      return;
  }
}

function scalar(random: Random, type: ScalarType, known: Known) {
  if (type === ScalarType.STRING) {
    if (random.next() < 0.4 && known.length > 0) return random.pick(known);
    return (random.next() < 0.3 ? oddUuid(random, known) : oddText(random)).toWellFormed();
  }
  if (type === ScalarType.BYTES) return noise(random, 3000);
  if (type === ScalarType.BOOL) return random.next() < 0.5;
  if (type === ScalarType.DOUBLE || type === ScalarType.FLOAT) return random.pick([0, -1, NaN, Infinity, 1e300, 0.5]);
  if (WIDE.has(type)) return random.pick([0n, 1n, 5n, 4096n, 2n ** 53n + 1n, 2n ** 63n - 1n]);
  const most = SIGNED.has(type) ? 2 ** 31 - 1 : 2 ** 32 - 1;
  return random.pick([0, 1, 2, 5, 4096, most]);
}
