/** The process that PostgreSQL knows under a server's id, before another one takes its place. */
import { createClient } from "@connectrpc/connect";
import { SixfoldError } from "../shared/errors.ts";
import { StorageService } from "../shared/gen/sixfold/v1/storage_pb.ts";
import { fetchTransport, SERVER_HEADER } from "../shared/rpc.ts";

/** Who lives says so much sooner; one that is stopped would never. */
const ANSWER_MS = 2000;

/**
 * Refuses to take a place whose holder lives: a copy of a data folder must not push the original out. Who does not answer
 * as this server is taken to be gone; should it only have slept, its writes are fenced by its incarnation.
 * @param address where it listens, `host:port` of its HTTP door
 * @param ca the certificates of those who vouch for daemons; undefined for plain text
 * @throws SixfoldError `already_exists` when it answers
 */
export async function yieldToIncumbent(
  address: string,
  { serverId, incarnation }: { readonly serverId: string; readonly incarnation: string },
  token: string,
  ca: string | undefined,
): Promise<void> {
  const overTls = (input: string | URL | Request, init?: RequestInit) => fetch(input, { ...init, tls: { ca } });
  const transport = ca === undefined
    ? fetchTransport(`http://${address}`)
    : fetchTransport(`https://${address}`, undefined, overTls);
  const client = createClient(StorageService, transport);
  const headers = { authorization: `Bearer ${token}`, [SERVER_HEADER]: serverId };
  const answer = await client.healthCheck({}, { headers, timeoutMs: ANSWER_MS }).catch(() => undefined);
  // At an address that was its own before, a process finds itself.
  if (answer?.serverId !== serverId || answer.incarnation === incarnation) return;
  throw new SixfoldError(
    "already_exists",
    `a daemon with this one's id runs at ${address}; stop it first, or give this one an empty folder`,
  );
}
