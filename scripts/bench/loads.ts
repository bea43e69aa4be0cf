/** What is measured: so many clients that put, get, mix or list files of one size. */

const MIB = 1024 * 1024;

/** What the clients of a load do. */
export type Operation = "up" | "down" | "mixed" | "list";

/** One line of the table. */
export interface Load {
  readonly operation: Operation;
  readonly clients: number;
  /** Requests in all; for reads also the files that there are. */
  readonly files: number;
  /** Of each file. */
  readonly bytes: number;
  /** Where the keys are put: loads of one place read what the load before has written. */
  readonly place: string;
}

/** The files among which the listing load finds its prefixes of 1,000. */
export const LISTED = 100_000;
export const LISTED_PREFIX = 1000;

/** A size in words. */
export function sizeName(bytes: number): string {
  return bytes >= MIB ? `${Math.round(bytes / MIB)} MiB` : `${bytes / 1024} KiB`;
}

/** The name of a load in the table and in the accepted ratios. */
export function nameOf({ operation, clients, bytes }: Load): string {
  const who = clients === 1 ? "1 client" : `${clients} clients`;
  const what = operation === "list" ? `pages of ${LISTED_PREFIX}` : sizeName(bytes);
  return `${operation.padEnd(5)} ${what}, ${who}`;
}

/** Whether a load is about the number of requests, and not about bytes. */
export function isCounted({ operation, bytes }: Load): boolean {
  return operation === "list" || bytes < MIB;
}

/** Puts of files of one size, then gets of them. */
function both(clients: number, bytes: number, total: number): Load[] {
  const files = Math.max(clients, Math.ceil(total / bytes));
  const place = `${bytes}-${clients}`;
  return (["up", "down"] as const).map((operation) => ({ operation, clients, files, bytes, place }));
}

/** Large and small files, up and down: what an empty server is measured with, too. */
export function commonLoads(total: number): Load[] {
  return [...both(4, Math.min(10 * MIB, total), total), ...both(16, 4096, total / 64)];
}

/** @param total bytes that each of the large loads moves; small files are a 64th of it, for they are about their number */
export function standardLoads(total: number): Load[] {
  const ten = Math.min(10 * MIB, total);
  const some = Math.max(20, Math.ceil(total / ten));
  return [
    ...both(1, Math.min(64 * MIB, total), total),
    ...both(4, Math.min(256 * MIB, Math.ceil(total / 4)), total),
    ...commonLoads(total),
    { operation: "mixed", clients: 20, files: 2 * some, bytes: ten, place: "mixed" },
    { operation: "list", clients: 1, files: 200, bytes: 0, place: "list" },
  ];
}

/** One client with one file of 10 GiB, on request: for the memory of the servers. */
export function hugeLoads(): Load[] {
  const load = { clients: 1, files: 1, bytes: 10 * 1024 * MIB, place: "huge" };
  return (["up", "down"] as const).map((operation) => ({ operation, ...load }));
}
