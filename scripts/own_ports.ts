/** Ports that belong to one process: of two that look for a free one at the same time, both would find the same. */
import { createServer } from "node:net";

/** Below the range from which kernels give out ports by themselves, so that no connection takes one meanwhile. */
const FIRST = 12_000;
const BLOCKS = 120;
const BLOCK = 150;

/**
 * Takes a block of ports for as long as this process lives, and goes round in it. Its first port holds the block: this
 * process listens there, until the kernel closes it with the process, however that ends.
 * @throws Error when other processes hold all blocks
 */
export async function ownPorts(): Promise<Generator<number, never>> {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const first = FIRST + ((start + i) % BLOCKS) * BLOCK;
    if (await hold(first)) return round(first);
  }
  throw new Error("all ports for tests are held by other processes; end some of them");
}

function hold(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => {
      server.unref();
      resolve(true);
    });
  });
}

function* round(first: number): Generator<number, never> {
  for (let at = 0;; at = (at + 1) % (BLOCK - 1)) yield first + 1 + at;
}
