/** Which server an argument means. */
import { SixfoldError } from "../../shared/errors.ts";
import type { ServerInfo } from "../mod.ts";

const SHORTEST = 4;

/** What people may call a server: its id, the end of its id, or one of its addresses. */
export const SERVER_ARGUMENT = "its id, at least four of the last digits of it, or its address";

/**
 * Finds a server.
 * @throws SixfoldError `not_found` where none is meant; `invalid_argument` where more than one is
 */
export function serverNamed(servers: readonly ServerInfo[], name: string): ServerInfo {
  const wanted = name.toLowerCase().replace(/^…|^https?:\/\//, "");
  const found = servers.filter(({ id, httpAddress, grpcAddress }) => {
    const addresses = [httpAddress, grpcAddress].map((address) => address.replace(/^https?:\/\//, ""));
    return id === wanted || addresses.includes(wanted) ||
      wanted.length >= SHORTEST && id.endsWith(wanted);
  });
  const [server, ...others] = found;
  if (server === undefined) {
    throw new SixfoldError("not_found", `no server is called "${name}"; sixfold servers lists them`);
  }
  if (others.length === 0) return server;
  throw new SixfoldError("invalid_argument", `"${name}" may be ${found.map(({ id }) => id).join(" or ")}; name one`);
}
