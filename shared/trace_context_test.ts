import assert from "node:assert/strict";
import { test } from "node:test";
import { readTracePlace, traceHeadersOf } from "./trace_context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const read = (traceparent: string | null, tracestate?: string) =>
  readTracePlace((name) => name === "traceparent" ? traceparent : name === "tracestate" ? tracestate : undefined);

test("what is handed on is what came, with what others have said of it", () => {
  for (const flags of ["00", "01"]) {
    const headers = { traceparent: `00-${TRACE}-${SPAN}-${flags}`, tracestate: "vendor=1,other=2" };
    const place = read(headers.traceparent, headers.tracestate);
    assert.deepEqual([place?.traceId, place?.spanId, place?.sampled], [TRACE, SPAN, flags === "01"]);
    assert.deepEqual(place && traceHeadersOf(place), headers);
  }
  for (const odd of [undefined, "", "a=\u00e4", "a\r\nb", "a".repeat(513)]) {
    const place = read(`00-${TRACE}-${SPAN}-03`, odd);
    assert.deepEqual(place && traceHeadersOf(place), { traceparent: `00-${TRACE}-${SPAN}-01` });
  }
});

test("a later version may say more; what is no place in a trace begins none", () => {
  assert.equal(read(`cc-${TRACE}-${SPAN}-01-what-the-future-has`)?.traceId, TRACE);
  const none = [
    null,
    "",
    "00",
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
  ];
  assert.deepEqual(none.filter((header) => read(header) !== undefined), []);
});
