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
  /** Files that are in the store besides, at least: a load that lists finds its pages among them. */
  readonly beside: number;
  /** The page that is asked for, from the beginning of all files; undefined for any. */
  readonly page?: number;
}

/** Files of a page. */
export const PAGE = 1000;

/** A size in words. */
export function sizeName(bytes: number): string {
  return bytes >= MIB ? `${Math.round(bytes / MIB)} MiB` : `${bytes / 1024} KiB`;
}

/** The name of a load in the table and in the accepted ratios. */
export function nameOf({ operation, clients, bytes, beside, page }: Load): string {
  const who = clients === 1 ? "1 client" : `${clients} clients`;
  const pages = page === undefined ? `pages of ${PAGE}` : `page ${page}`;
  const where = beside > 0 ? ` of 10^${Math.log10(beside)}` : "";
  return `${operation.padEnd(5)} ${operation === "list" ? pages : sizeName(bytes)}${where}, ${who}`;
}

/** Whether a load is about the number of requests, and not about bytes. */
export function isCounted({ operation, bytes }: Load): boolean {
  return operation === "list" || bytes < MIB;
}

/** Puts of files of one size, then gets of them. */
function both(clients: number, bytes: number, total: number): Load[] {
  const files = Math.max(clients, Math.ceil(total / bytes));
  const place = `${bytes}-${clients}`;
  return (["up", "down"] as const).map((operation) => ({ operation, clients, files, bytes, place, beside: 0 }));
}

/** Large and small files, up and down: what an empty server is measured with, too. */
export function commonLoads(total: number): Load[] {
  return [...both(4, Math.min(10 * MIB, total), total), ...both(16, 4096, total / 64)];
}

const LIST: Load = { operation: "list", clients: 1, files: 200, bytes: 0, place: "list", beside: 0 };

/** @param total bytes that each of the large loads moves; small files are a 64th of it, for they are about their number */
export function standardLoads(total: number): Load[] {
  const ten = Math.min(10 * MIB, total);
  const some = Math.max(20, Math.ceil(total / ten));
  return [
    ...both(1, Math.min(64 * MIB, total), total),
    ...both(4, Math.min(256 * MIB, Math.ceil(total / 4)), total),
    ...commonLoads(total),
    { operation: "mixed", clients: 20, files: 2 * some, bytes: ten, place: "mixed", beside: 0 },
    { ...LIST, beside: 100_000 },
  ];
}

/** One client with one file of 10 GiB, on request: for the memory of the servers. */
export function hugeLoads(): Load[] {
  const load = { clients: 1, files: 1, bytes: 10 * 1024 * MIB, place: "huge", beside: 0 };
  return (["up", "down"] as const).map((operation) => ({ operation, ...load }));
}

/** Puts in a store of a million files against those in an empty one, and pages near and far. @param total as above */
export function millionLoads(total: number): Load[] {
  const [up] = both(16, 4096, total / 64);
  const beside = 1_000_000;
  const pages = [1, 900, undefined].map((page) => ({ ...LIST, beside, ...(page === undefined ? {} : { page }) }));
  return [...(up === undefined ? [] : [up, { ...up, beside, place: "million" }]), ...pages];
}
