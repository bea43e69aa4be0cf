/**
 * Requests whose ids must show in the log lines of all processes, which a process that has started this one reads: one
 * file that is not there, and one whose chunks are gone from the disks.
 */
import { chunkFiles, TestCluster } from "../cluster.ts";

if (import.meta.main) {
  await using cluster = await TestCluster.start(0);
  for (let i = 0; i < 3; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, { SIXFOLD_LOG: "debug" });
  const files = `${await cluster.addGateway({ SIXFOLD_LOG: "debug" })}/v1/files/demo`;
  const ask = async (path: string, id: string, init: RequestInit = {}) => {
    const response = await fetch(`${files}/${path}`, { ...init, headers: { "x-request-id": id } });
    await response.body?.cancel();
  };
  await ask("nothing", "asked-for-nothing");
  await ask("file", "stored", { method: "PUT", body: new Uint8Array(1_000_000) });
  for (const { folder } of cluster.daemons) {
    for (const path of await chunkFiles(`${folder}/chunks`)) await Deno.remove(path);
  }
  await ask("file", "found-no-chunk");
}
