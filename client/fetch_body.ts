/** Bytes as `fetch` takes them with the least memory. */

const PIECE = 256 * 1024;
const LARGE = 1024 * 1024;

/** Node's `fetch` copies a body of bytes before it sends it, and a stream of its pieces it does not. */
const copies = "process" in globalThis && !("Bun" in globalThis) && !("Deno" in globalThis);

/** What to give to `fetch` for a body, anew for each try, and the headers that go with it. */
export function fetchBody(
  bytes: Uint8Array<ArrayBuffer> | Blob | string | undefined,
): { readonly init: RequestInit; readonly headers: Readonly<Record<string, string>> } {
  if (bytes === undefined) return { init: {}, headers: {} };
  if (!copies || !(bytes instanceof Uint8Array) || bytes.length < LARGE) return { init: { body: bytes }, headers: {} };
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at += PIECE));
    },
  }, { highWaterMark: 0 });
  const half = { duplex: "half" as const };
  return { init: { body, ...half }, headers: { "content-length": String(bytes.length) } };
}
