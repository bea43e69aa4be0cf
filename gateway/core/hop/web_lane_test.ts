import assert from "node:assert/strict";
import { newUuid } from "../../../shared/chunk_id.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { HopTrust } from "./hop_trust.ts";
import { ProgressClock } from "./progress_clock.ts";
import { WebLane } from "./web_lane.ts";
import { roomBytes } from "./window_frames.ts";

const BLOCK = 4096;

Deno.test("an answer that is none of the call says nothing of the chunk, and is not read on", async () => {
  const page = "Something went wrong!";
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return new Response(page, { status: 500, headers: { "content-length": String(page.length) } });
  });
  const { port } = server.addr;
  const endpoint = { address: `127.0.0.1:${port}`, ip: "127.0.0.1", port, name: "127.0.0.1" };
  const uploadId = newUuid();
  const range = { chunkId: `${uploadId}.0.1.0`, uploadId, first: 0, count: 1, blockSize: BLOCK };
  const clock = new ProgressClock(new AbortController().signal);
  await assert.rejects(
    new WebLane(new HopTrust(undefined, false)).get(endpoint, {}, range, [new Uint8Array(roomBytes(BLOCK))], clock),
    (error) => error instanceof SixfoldError && error.code === "unavailable" && /status 500/.test(error.message),
  );
  clock.stop();
});
