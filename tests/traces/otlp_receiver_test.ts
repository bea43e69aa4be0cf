import assert from "node:assert/strict";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { receiveOtlp } from "./otlp_receiver.ts";

/** A field that is a message. */
function put(writer: BinaryWriter, field: number, fill: (inner: BinaryWriter) => unknown): BinaryWriter {
  const inner = writer.tag(field, 2).fork();
  fill(inner);
  return inner.join();
}

Deno.test("each kind of value of an attribute is what was sent", async () => {
  const values: [string, unknown, (value: BinaryWriter) => unknown][] = [
    ["text", "six", (value) => value.tag(1, 2).string("six")],
    ["truth", 1, (value) => value.tag(2, 0).bool(true)],
    ["whole", 6, (value) => value.tag(3, 0).int64(6)],
    ["half", 0.5, (value) => value.tag(4, 1).double(0.5)],
    ["below", -1234.25, (value) => value.tag(4, 1).double(-1234.25)],
  ];
  const body = put(new BinaryWriter(), 1, (resource) =>
    put(resource, 2, (scope) =>
      put(scope, 2, (span) => {
        for (const [name, , fill] of values) {
          put(span, 9, (pair) => put(pair.tag(1, 2).string(name), 2, fill));
        }
      }))).finish();
  await using receiver = receiveOtlp();
  const response = await fetch(`${receiver.endpoint}/v1/traces`, { method: "POST", body: Uint8Array.from(body) });
  await response.body?.cancel();
  assert.deepEqual(
    receiver.spans[0]?.attributes,
    Object.fromEntries(values.map(([name, value]) => [name, value])),
  );
});
