/**
 * The one way in: every request of every protocol passes here before its body is read, and nothing of it is done for a
 * caller who may not. Whether a caller reaches the file that it names is asked where files are given and taken, in
 * `core/`: names come in paths, in messages and as ids of uploads, and there they are all the same.
 */
import { SixfoldError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import { pathOf } from "../../shared/path_of.ts";
import { asCaller, type Caller, mustHave } from "../core/access/caller.ts";
import type { KeyRing } from "../core/access/key_ring.ts";
import { linkOf } from "./link.ts";
import { needOf } from "./needs.ts";
import { refuse } from "./refusal.ts";
import { methodOf, routeOf } from "./route.ts";
import { isFromOwnPage, type SessionCookies } from "./session_cookie.ts";
import { answerSession, otherPage, SESSION } from "./sign_in.ts";

/** Answers a request. */
export type Answer = (request: Request) => Promise<Response>;

/** Needs that only look: an audit has no line for each of them. */
const LOOKS = new Set<string>(["nothing", "read", "observe"]);
const BEARER = /^Bearer +([^\s]+) *$/i;

/**
 * Puts the guard before what answers.
 * @returns what takes requests, and the address that each comes from
 */
export function guard(
  ring: KeyRing,
  cookies: SessionCookies,
  answer: Answer,
  log: Logger,
): (request: Request, address: string) => Promise<Response> {
  return async (request, address) => {
    const pathname = pathOf(request);
    const need = needOf(request.method, pathname);
    if (need === "nothing" && pathname !== SESSION) return await answer(request);
    const buckets = new Set<string>();
    const tell = (keyId: string, status: number | string) => {
      const action = `${methodOf(request.method)} ${routeOf(pathname)}`;
      log.info("audit", { keyId, action, buckets: [...buckets], outcome: status, address });
    };
    let caller: Caller | undefined;
    try {
      if (pathname === SESSION) {
        return await answerSession(ring, cookies, request, address, (keyId) => tell(keyId, "signed in"));
      }
      caller = await identify(ring, cookies, request, address);
      if (need !== "nothing") mustHave(caller, need);
    } catch (thrown) {
      const error = SixfoldError.from(thrown);
      if (error.code === "internal") log.error("a key could not be looked up", { error: thrown });
      tell(caller?.keyId ?? "", error.code);
      await request.body?.cancel().catch(() => {});
      return refuse(request, error);
    }
    const names = (bucket: string) => void buckets.add(bucket);
    const response = await asCaller({ ...caller, names }, () => answer(request));
    // Where no keys are in use, there is nobody to tell of.
    if (caller.keyId !== "" && !LOOKS.has(need)) tell(caller.keyId, response.status);
    return response;
  };
}

/** Who asks: a link, a key in the header, or the cookie of the console's own page. */
async function identify(
  ring: KeyRing,
  cookies: SessionCookies,
  request: Request,
  address: string,
): Promise<Caller> {
  const link = linkOf(request);
  if (link !== undefined) return await ring.callerOfLink(link, address);
  const key = keyOf(request);
  const keyId = key === undefined ? cookies.read(request.headers) : undefined;
  if (keyId === undefined) return await ring.callerOf(key, address);
  if (!isFromOwnPage(request)) throw otherPage();
  return await ring.callerOfSession(keyId);
}

/** The key that a request brings. */
function keyOf({ headers }: Request): string | undefined {
  const given = headers.get("authorization");
  if (given === null) return undefined;
  // What is no key at all is a wrong one.
  return BEARER.exec(given)?.[1] ?? "";
}
