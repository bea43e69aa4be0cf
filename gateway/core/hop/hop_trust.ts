/** Who vouches for daemons, and so whether they are dialled over TLS. */
import { SixfoldError } from "../../../shared/errors.ts";
import { isLoopback } from "../../../shared/loopback.ts";
import type { Endpoint } from "./endpoints.ts";

/** What a gateway knows of it. */
export class HopTrust {
  #ca: string | undefined;
  readonly #riskPlainText: boolean;

  /**
   * @param ca the certificates, in PEM, of those who vouch for daemons; undefined for plain text
   * @param riskPlainText whether plain text may go where others may read it
   */
  constructor(ca: string | undefined, riskPlainText: boolean) {
    this.#ca = ca;
    this.#riskPlainText = riskPlainText;
  }

  /** The certificates, in PEM; undefined where daemons are dialled in plain text. */
  get ca(): string | undefined {
    return this.#ca;
  }

  /** Takes others for connections that are still to come. */
  renew(ca: string): void {
    this.#ca = ca;
  }

  /** Where a daemon answers. @param address `host:port` */
  baseUrl(address: string): string {
    return `${this.#ca === undefined ? "http" : "https"}://${address}`;
  }

  /**
   * The cluster's token goes over TLS, or not beyond this machine.
   * @throws SixfoldError `failed_precondition` for an address that must not be dialled in plain text
   */
  check(address: string): void {
    const host = address.slice(0, address.lastIndexOf(":"));
    if (this.#ca !== undefined || this.#riskPlainText || isLoopback(host)) return;
    throw new SixfoldError(
      "failed_precondition",
      `the storage server at ${address} is elsewhere, and the cluster's token would pass in plain text: give gateways and ` +
        "daemons SIXFOLD_HOP_CA_FILE, or accept this with SIXFOLD_RISK_PLAIN_TEXT=1",
    );
  }
}

/** For TLS of `node:`: whose name the certificate must have, where that is not what is dialled. */
export function certificateName({ name, ip }: Endpoint): { readonly servername?: string } {
  return name === ip ? {} : { servername: name };
}
