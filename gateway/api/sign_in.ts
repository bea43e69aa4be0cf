/** `/v1/session`: the console signs in with a key, looks whether it has, and signs out. */
import { SixfoldError } from "../../shared/errors.ts";
import type { KeyRing } from "../core/access/key_ring.ts";
import { isFromOwnPage, type SessionCookies } from "./session_cookie.ts";

/** Its path. */
export const SESSION = "/v1/session";
const MAX_KEY = 200;

/**
 * Answers a request for it.
 * @param signedIn hears which key has signed in
 * @throws SixfoldError `unauthenticated` for a wrong key, `permission_denied` for other pages
 */
export async function answerSession(
  ring: KeyRing,
  cookies: SessionCookies,
  request: Request,
  address: string,
  signedIn: (keyId: string) => void,
): Promise<Response> {
  if (!isFromOwnPage(request)) throw otherPage();
  switch (request.method) {
    case "GET": {
      const keyId = cookies.read(request.headers);
      const stands = keyId !== undefined && await ring.callerOfSession(keyId).then(() => true, () => false);
      return Response.json({ keysInUse: await ring.inUse(), keyId: stands ? keyId : "" });
    }
    case "POST": {
      const { keyId } = await ring.callerOf(await readKey(request), address);
      signedIn(keyId);
      const secure = request.headers.get("origin")?.startsWith("https:") ?? false;
      return new Response(null, { status: 204, headers: { "set-cookie": cookies.write(keyId, secure) } });
    }
    case "DELETE":
      return new Response(null, { status: 204, headers: { "set-cookie": cookies.clear() } });
    default:
      return new Response(null, { status: 405, headers: { allow: "GET, POST, DELETE" } });
  }
}

/** The answer to a request that a page elsewhere has had sent with the cookie. */
export function otherPage(): SixfoldError {
  return new SixfoldError("permission_denied", "only pages of this gateway may do this with its cookie");
}

/** The body as text: the key and nothing else. */
async function readKey(request: Request): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of request.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MAX_KEY) return "";
  }
  return text.trim();
}
