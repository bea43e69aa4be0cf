/** A cluster for tests: PostgreSQL, migrated without a gateway, and daemons. */
import { migrate, readMigrations } from "../gateway/db/migrate.ts";
import { openDatabase } from "../gateway/db/database.ts";
import { LocalCluster } from "../scripts/local_cluster.ts";

export { type Daemon, TOKEN } from "../scripts/local_cluster.ts";

/** What `TestCluster.start` returns. */
export type TestCluster = LocalCluster;

/** PostgreSQL, migrated, and as many daemons as asked for. */
export const TestCluster = {
  async start(daemons: number): Promise<LocalCluster> {
    const cluster = await LocalCluster.open();
    try {
      const sql = await openDatabase(cluster.postgres.url, 1);
      await migrate(sql, await readMigrations(new URL("../migrations/", import.meta.url)));
      await sql.end();
      for (let i = 0; i < daemons; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  },
};

/** Every file below a folder. */
export async function chunkFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await chunkFiles(path));
    else found.push(path);
  }
  return found;
}

/** How long something takes, in seconds. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
