/** Who could reach a gateway, and what they could do: nobody is let in, and nothing is overheard, by default. */
import { SixfoldError } from "../shared/errors.ts";
import { isLoopback } from "../shared/loopback.ts";

/** What decides it. */
export interface Exposure {
  /** The address to listen on. */
  readonly host: string;
  readonly tls: boolean;
  /** Whether callers need keys. */
  readonly keys: boolean;
  readonly riskNoKeys: boolean;
  readonly riskPlainText: boolean;
}

/** @throws SixfoldError `failed_precondition` that names every risk which no setting accepts, and the ways out */
export function checkExposure({ host, tls, keys, riskNoKeys, riskPlainText }: Exposure): void {
  if (isLoopback(host)) return;
  const problems: string[] = [];
  if (!keys && !riskNoKeys) {
    problems.push(
      "without API keys, whoever reaches it may read and delete everything: set SIXFOLD_ADMIN_KEY, make a key " +
        "on loopback first (sixfold keys create), or accept this with SIXFOLD_RISK_NO_KEYS=1",
    );
  }
  if (!tls && !riskPlainText) {
    problems.push(
      "in plain text, keys and files can be read on the way: set SIXFOLD_TLS_CERT_FILE and SIXFOLD_TLS_KEY_FILE, " +
        "or, where something before the gateway ends TLS, accept this with SIXFOLD_RISK_PLAIN_TEXT=1",
    );
  }
  if (problems.length === 0) return;
  throw new SixfoldError(
    "failed_precondition",
    `SIXFOLD_HOST=${host} is reached from elsewhere; ${problems.join("; ")}`,
  );
}
