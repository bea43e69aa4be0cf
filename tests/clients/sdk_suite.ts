/** What the SDK does on any platform: run by Deno, Node, Bun and Chromium. Throws where something is not as it should be. */
import { createClient, type SixfoldClient, SixfoldError } from "../../client/mod.ts";

const MIB = 1024 * 1024;

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`);
}

async function failsWith(code: string, call: () => PromiseLike<unknown>): Promise<void> {
  const error = await Promise.resolve(call()).then(() => undefined, (thrown) => thrown);
  check(error instanceof SixfoldError && error.code === code, `${code}, but ${String(error)}`);
}

/** Bytes that differ everywhere. */
export function pattern(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0, state = length; i < words.length; i++) words[i] = state = Math.imul(state, 1_664_525) + 1_013_904_223;
  return new Uint8Array(words.buffer, 0, length);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Every public function once, in a bucket of its own; those that change servers or keys have tests of their own. */
export async function runSuite(
  gateways: string | string[],
  bucket: string,
  client: SixfoldClient = createClient({ gateways }),
): Promise<void> {
  const small = pattern(100_000);
  const stored = await client.upload(small, {
    bucket,
    key: "a/small 日本",
    contentType: "image/png",
    metadata: { who: "me" },
  });
  check(stored.size === small.length && stored.sha256?.length === 64, "a small file is stored with its digest");
  await failsWith("already_exists", () => client.upload(small, { bucket, key: "a/small 日本", ifAbsent: true }));
  await failsWith("invalid_argument", () => client.upload(small, { bucket, key: "a/../b" }));
  await failsWith("invalid_argument", () => client.upload(small, { bucket: "no good", key: "b" }));
  const known = await client.stat(bucket, "a/small 日本");
  check(known.id === stored.id && known.contentType === "image/png" && known.metadata["who"] === "me", "stat");
  check(known.sha256 === stored.sha256 && Math.abs(known.createdAt.getTime() - Date.now()) < 60_000, "stat's digest");

  const large = pattern(8 * MIB + 7);
  let last = 0;
  let steady = true;
  const upload = client.upload(new Blob([large]), {
    bucket,
    key: "large",
    metadata: { part: "yes" },
    onProgress({ sent }) {
      steady &&= sent >= last;
      last = sent;
    },
  });
  upload.pause();
  setTimeout(() => upload.resume(), 50);
  const whole = await upload;
  check(whole.size === large.length && last === large.length && steady, "progress ends at the size, never back");
  const read = await client.download(bucket, "large");
  check(read.verified && read.file.metadata["part"] === "yes", "a file sent in parts is verified");
  check(same(await read.bytes(), large), "a large file comes back");
  await failsWith("failed_precondition", () => read.bytes());
  const unread = await client.download(bucket, "large", { verify: false });
  let length = 0;
  for await (const piece of unread.stream()) length += piece.length;
  check(!unread.verified && length === large.length, "a stream that nobody verifies");
  const range = await client.download(bucket, "large", { range: { offset: 5 * MIB, length: 1000 }, id: whole.id });
  check(same(await range.bytes(), large.subarray(5 * MIB, 5 * MIB + 1000)), "a range comes back");
  await failsWith("aborted", () => client.download(bucket, "large", { id: stored.id }));
  await failsWith("out_of_range", () => client.download(bucket, "large", { range: { offset: large.length } }));

  const streamed = await client.upload(new Blob([large]).stream(), {
    bucket,
    key: "streamed",
    partSize: MIB,
    concurrency: 3,
  });
  check(streamed.size === large.length, "a stream of unknown size is stored");
  const back = await (await client.download(bucket, "streamed")).blob();
  check(same(new Uint8Array(await back.arrayBuffer()), large), "a stream comes back, as a Blob");
  const empty = await client.upload(new Uint8Array(0), { bucket, key: "empty" });
  check(empty.size === 0 && await (await client.download(bucket, "empty")).text() === "", "an empty file");

  const dropped = client.upload(new Blob([large]), { bucket, key: "dropped" });
  dropped.pause();
  setTimeout(() => void dropped.abort(), 50);
  await failsWith("canceled", () => dropped);
  await failsWith("canceled", () => client.upload(large, { bucket, key: "dropped", signal: AbortSignal.abort() }));
  check(!await client.exists(bucket, "dropped") && await client.exists(bucket, "large"), "exists");

  const keys: string[] = [];
  for await (const { file, prefix } of client.list(bucket, { delimiter: "/", pageSize: 2 })) {
    keys.push(prefix ?? file.key);
  }
  check(keys.sort().join() === "a/,empty,large,streamed", `list with folders: ${keys}`);
  const below: string[] = [];
  for await (const { file } of client.list(bucket, { prefix: "a/" })) below.push(file?.key ?? "");
  check(below.join() === "a/small 日本", `list below: ${below}`);
  const from = { bucket, key: "large" };
  let copied = 0;
  const twin = await client.copy(from, { bucket, key: "twin" }, { onProgress: ({ sent }) => void (copied = sent) });
  check(twin.id !== whole.id && twin.metadata["part"] === "yes" && copied === large.length, "copy");
  check(same(await (await client.download(bucket, "twin")).bytes(), large), "a copy is the same");
  const little = await client.copy({ bucket, key: "a/small 日本" }, { bucket, key: "a/twin" });
  check(little.sha256 === stored.sha256 && little.contentType === "image/png", "copy of a small file");
  await failsWith("not_found", () => client.copy({ bucket, key: "absent" }, { bucket, key: "twin" }));
  await failsWith(
    "already_exists",
    () => client.copy({ bucket, key: "empty" }, { bucket, key: "twin" }, { ifAbsent: true }),
  );

  let beats = 0;
  let requests = 0;
  for await (const beat of client.watch()) {
    check(beat.servers.length > 0 && beat.servers.every(({ unreachable }) => unreachable === ""), "servers of a beat");
    if (beats++ === 0) await client.exists(bucket, "twin");
    else requests += beat.requests;
    if (requests > 0) break;
    check(beats < 10, "a request is told of");
  }
  await failsWith("canceled", () => client.watch({ signal: AbortSignal.abort() }).next());
  const servers = await client.servers();
  const server = servers[0]?.id ?? "";
  check(servers.every(({ state }) => state === "active"), "servers");
  check((await client.locate(bucket, "large")).length >= 6, "locate");
  check((await client.moves.list()).length === 0, "moves");
  check((await client.moves.plan("rebalance")).chunks === 0, "a plan");
  await failsWith("not_found", () => client.moves.plan({ drain: stored.id }));
  check((await client.repairs.state()).parked === 0, "repairs");
  for await (const { state } of client.repairs.list()) check(state !== "parked", "each repair");
  check((await client.database.state()).doubt === "", "the database");
  check(await client.repairs.retryParked() === 0, "nothing is parked, so nothing is tried again");
  await failsWith("failed_precondition", () => client.moves.keep(server));
  await failsWith("not_found", () => client.trace("0123456789abcdef0123456789abcdef"));
  check((await client.readiness())[0]?.ready === true, "readiness");
  for (const key of ["a/small 日本", "a/twin", "large", "twin", "streamed", "empty"]) {
    check(await client.remove(bucket, key), `remove ${key}`);
  }
  check(!await client.remove(bucket, "large"), "remove what is not there");
  check((await client.undelete(bucket, "large", { id: whole.id })).id === whole.id, "undelete by id");
  check(await client.remove(bucket, "large"), "remove it again");
  await client.upload(small, { bucket, key: "large" });
  await failsWith("already_exists", () => client.undelete(bucket, "large", { id: whole.id }));
  check(await client.remove(bucket, "large"), "remove once more");
  check((await client.undelete(bucket, "large")).size === small.length, "undelete what was removed last");
  check(await client.remove(bucket, "large"), "remove at the end");
  await failsWith("not_found", () => client.undelete(bucket, "never there"));
  await failsWith("not_found", () => client.stat(bucket, "large"));
  await failsWith("not_found", () => client.download(bucket, "large"));
}
