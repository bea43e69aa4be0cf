/** Restarts the daemons of a cluster one after another, as an upgrade does, while something else uses it. */
import type { LocalCluster } from "./local_cluster.ts";

/** How long the cluster is left alone before, between and after restarts, in ms. */
const PAUSE_MS = 3000;

/**
 * Tells each daemon in turn to stop, waits for its end, and starts it on its folder and ports; the next one has its turn
 * when the gateway sees all of them again. Once all had theirs, the first is next, until `over` aborts.
 * @returns how many restarts that were: each daemon had one at least
 * @throws Error when a daemon does not end well, or does not come back
 */
export async function rollDaemons(cluster: LocalCluster, gateway: string, over: AbortSignal): Promise<number> {
  const all = cluster.daemons.length;
  let restarts = 0;
  for (; restarts < all || !over.aborted; restarts++) {
    await pause();
    // One that was restarted goes to the end of the list.
    const [daemon] = cluster.daemons;
    if (daemon === undefined) throw new Error("there is no daemon");
    const began = performance.now();
    daemon.process.kill("SIGTERM");
    const { code } = await daemon.process.status;
    if (code !== 0) throw new Error(`a daemon ended with ${code}`);
    cluster.daemons.shift();
    const ports = [daemon.grpc, daemon.http].map((address) => Number(address.split(":")[1]));
    await cluster.addDaemon(daemon.folder, {}, [ports[0] ?? 0, ports[1] ?? 0]);
    await cluster.seen(gateway);
    console.log(`the daemon at ${daemon.http} was restarted in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
  await pause();
  return restarts;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
