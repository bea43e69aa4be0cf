/** Restarts the daemons of a cluster one after another, as an upgrade does, while something else uses it. */
import type { LocalCluster } from "./local_cluster.ts";

/** How long the cluster is left alone before, between and after restarts, in ms. */
const PAUSE_MS = 3000;

/**
 * Tells each daemon in turn to stop, waits for its end, and starts it on its folder and ports; the next one has its turn
 * when the gateway sees all of them again.
 * @throws Error when a daemon does not end well, or does not come back
 */
export async function rollDaemons(cluster: LocalCluster, gateway: string): Promise<void> {
  for (const daemon of [...cluster.daemons]) {
    await pause();
    const began = performance.now();
    daemon.process.kill("SIGTERM");
    const { code } = await daemon.process.status;
    if (code !== 0) throw new Error(`a daemon ended with ${code}`);
    cluster.daemons.splice(cluster.daemons.indexOf(daemon), 1);
    const ports = [daemon.grpc, daemon.http].map((address) => Number(address.split(":")[1]));
    await cluster.addDaemon(daemon.folder, {}, [ports[0] ?? 0, ports[1] ?? 0]);
    await cluster.seen(gateway);
    console.log(`the daemon at ${daemon.http} was restarted in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
  await pause();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
