/** The live view of a gateway, over RPC. */
import { sleep } from "../../shared/sleep.ts";
import { Fresh } from "../core/access/fresh.ts";
import { pulse } from "../core/telemetry/pulse.ts";
import type { Store } from "../core/segments/store.ts";
import { callRoll } from "./servers.ts";

const EVERY_MS = 1000;
/** A view ends by itself, so that who is not allowed any more to look does not look on. */
const LONGEST_MS = 60_000;

/** The RPC that tells what goes on. @param stopping aborts when the gateway stops */
export function watchRpcs(store: Pick<Store, "cluster" | "client">, stopping: AbortSignal) {
  // However many look, the servers are asked once.
  const servers = new Fresh(() => callRoll(store), () => performance.now());
  return {
    async *watch(caller: AbortSignal) {
      const look = pulse.follow();
      const over = AbortSignal.any([caller, stopping, AbortSignal.timeout(LONGEST_MS)]);
      while (!over.aborted) {
        const all = await servers.get();
        const { bytesStored, bytesRead, ...beat } = look();
        yield { servers: all, bytesStored: BigInt(bytesStored), bytesRead: BigInt(bytesRead), ...beat };
        await sleep(EVERY_MS, over);
      }
    },
  };
}
