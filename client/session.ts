/** An upload in parts as its gateway knows it. */
import { fromBase64, toBase64, toHex } from "./bytes.ts";
import { callRpc, type Gateways } from "./gateways.ts";
import { fileOfJson, type StoredFile } from "./stored_file.ts";
import type { Part } from "./verify.ts";

/** What a session is opened with. */
export interface SessionHeader {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly ifAbsent: boolean;
  /** With the prefix of REST's headers. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly size?: number;
}

/** A part that is sent. */
export interface SentPart {
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
  /** SHA-256 of its bytes. */
  readonly digest: Uint8Array;
  readonly body: Uint8Array<ArrayBuffer> | Blob;
}

/** What of a session has arrived. */
export interface SessionState {
  readonly parts: readonly Part[];
  /** The file, where the session was completed already. */
  readonly file: StoredFile | undefined;
}

const PATIENCE_MS = 60_000;

/** The calls of sessions. All are idempotent, but for the opening: one that is opened in vain ends by itself. */
export class Session {
  constructor(readonly gateways: Gateways, readonly id: string) {}

  /** Opens a session. @throws SixfoldError */
  static async open(gateways: Gateways, header: SessionHeader, signal: AbortSignal): Promise<Session> {
    const size = header.size === undefined ? {} : { size: String(header.size) };
    const { upload } = await callRpc(gateways, "FileService/CreateUpload", { header: { ...header, ...size } }, {
      signal,
    });
    return new Session(gateways, String(Object(upload)["id"]));
  }

  /** What has arrived. @throws SixfoldError `not_found` when the session has ended without a file */
  async look(signal: AbortSignal): Promise<SessionState> {
    const parts: Part[] = [];
    for (let from = "0";;) {
      const request = { uploadId: this.id, fromOffset: from };
      const page = await callRpc(this.gateways, "FileService/GetUpload", request, { signal, patienceMs: PATIENCE_MS });
      parts.push(...partsOfJson(page["parts"]));
      if (typeof page["nextOffset"] === "string") {
        from = page["nextOffset"];
        continue;
      }
      const file = Object(page["upload"])["file"];
      return { parts, file: file === undefined ? undefined : fileOfJson(file) };
    }
  }

  /** Stores a part, verified against its checksum on the other side. @param deadlineMs of one try @throws SixfoldError */
  async put({ offset, digest, body }: SentPart, deadlineMs: number, signal: AbortSignal, onRetry: () => void) {
    const headers = {
      "content-digest": `sha-256=:${toBase64(digest)}:`,
      "content-type": "application/octet-stream",
    };
    await this.gateways.send({
      path: `/v1/uploads/${this.id}/parts/${offset}`,
      method: "PUT",
      headers,
      body,
      signal,
      onRetry,
      patienceMs: PATIENCE_MS,
      deadlineMs,
    }, (response) => response.text());
  }

  /** Makes the file visible. @throws SixfoldError */
  async complete(signal: AbortSignal): Promise<StoredFile> {
    const options = { signal, patienceMs: PATIENCE_MS };
    return fileOfJson(
      (await callRpc(this.gateways, "FileService/CompleteUpload", { uploadId: this.id }, options))["file"],
    );
  }

  /** Ends the session, and removes what has arrived. */
  async abort(): Promise<void> {
    await callRpc(this.gateways, "FileService/AbortUpload", { uploadId: this.id });
  }
}

/** Parts in the JSON of protocol buffers. */
export function partsOfJson(json: unknown): Part[] {
  return (Array.isArray(json) ? json : []).map((part) => ({
    offset: Number(part["offset"] ?? 0),
    length: Number(part["length"] ?? 0),
    sha256: toHex(fromBase64(String(part["sha256"] ?? ""))),
  }));
}
