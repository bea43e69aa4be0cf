/** Who may call a daemon. */
import { createHash, timingSafeEqual } from "node:crypto";
import { SixfoldError } from "../shared/errors.ts";
import { SERVER_HEADER } from "../shared/rpc.ts";

/**
 * Refuses callers without the cluster's token, in constant time: throws `unauthenticated`; and those who mean another
 * server, which was at this address before: throws `failed_precondition`.
 */
export function admission(token: string, serverId: string): (headers: Headers) => void {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(`Bearer ${token}`);
  return (headers) => {
    if (!timingSafeEqual(digest(headers.get("authorization") ?? ""), expected)) {
      throw new SixfoldError("unauthenticated", "this call needs the cluster's token as a bearer token");
    }
    if ((headers.get(SERVER_HEADER) ?? serverId) === serverId) return;
    throw new SixfoldError("failed_precondition", "another server listens here now; look its address up again", {
      detail: "WRONG_SERVER",
    });
  };
}
