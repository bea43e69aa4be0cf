/** What went wrong, as an error of Sixfold: answers that are no success, and connections that gave none. */
import {
  DETAIL_HEADER,
  ERROR_CODES,
  type ErrorCode,
  isErrorCode,
  isErrorDetail,
  SixfoldError,
} from "../shared/errors.ts";

import type { Answer } from "./gateways.ts";

const MAX_MESSAGE = 4096;

/** What an answer of a gateway says went wrong: problem details of REST, or an error of Connect. */
export async function answeredFailure(response: Answer, address: string): Promise<SixfoldError> {
  const text = (await response.text().catch(() => "")).slice(0, MAX_MESSAGE);
  const said = parse(text);
  const code = isErrorCode(said["code"]) ? said["code"] : codeOf(response.status);
  const message = said["title"] ?? said["message"];
  const detail = said["detail"] ?? response.headers.get(DETAIL_HEADER);
  if (typeof message === "string" && message !== "") {
    return new SixfoldError(code, message, isErrorDetail(detail) ? { detail } : {});
  }
  if (said["ready"] === false) {
    return new SixfoldError(
      "unavailable",
      `${address} is not ready: it sees ${said["servers"]} servers, or no database`,
    );
  }
  const status = `${response.status} ${response.statusText}`.trim();
  if (code === "unavailable" || code === "deadline_exceeded") {
    return new SixfoldError(code, `something before ${address} answers ${status}; try again`);
  }
  return new SixfoldError(code, `${address} answers ${status}, and not as a gateway does; look at the address`);
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 502) return "unavailable";
  for (const [code, { http }] of Object.entries(ERROR_CODES)) {
    if (http === status && isErrorCode(code)) return code;
  }
  return status >= 500 ? "internal" : "failed_precondition";
}

/** What a thrown value of `fetch`, or of reading an answer, means. */
export function connectionFailure(thrown: unknown, address: string): SixfoldError {
  if (thrown instanceof SixfoldError) return thrown;
  const said = messages(thrown);
  if (/TimeoutError/.test(said)) {
    return new SixfoldError("deadline_exceeded", `${address} did not answer in time; try again`, { cause: thrown });
  }
  if (/certificate|self.signed|UNABLE_TO_VERIFY|CERT_/i.test(said)) {
    const how = "have the system trust its issuer (NODE_EXTRA_CA_CERTS for Node and Bun, DENO_CERT for Deno)";
    return new SixfoldError(
      "failed_precondition",
      `the certificate of ${address} is not trusted or not valid now; ${how}`,
      {
        cause: thrown,
      },
    );
  }
  const what = `${address} cannot be reached, or the connection broke; see that a gateway runs there`;
  return new SixfoldError("unavailable", what, { cause: thrown });
}

/** Names, codes and messages of an error and its causes. Runtimes have no common place to look at. */
function messages(thrown: unknown): string {
  const found: string[] = [];
  for (let error = thrown; error instanceof Error && found.length < 12; error = error.cause) {
    found.push(error.name, "code" in error ? String(error.code) : "", error.message);
  }
  return found.join(" ");
}
