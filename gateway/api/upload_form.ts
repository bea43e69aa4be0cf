/** What opens an upload in parts over plain HTTP: a small JSON object. */
import { Buffer } from "node:buffer";
import { SixfoldError } from "../../shared/errors.ts";
import type { UploadRequest } from "../core/files/upload.ts";
import { metadataFrom } from "./metadata.ts";

const MAX_BYTES = 64 * 1024;

/** For each field whether it must be there, and what it must be. */
const FIELDS: Readonly<Record<string, readonly [required: boolean, kind: string, fits: (value: unknown) => boolean]>> =
  {
    bucket: [true, "a text", (value) => typeof value === "string"],
    key: [true, "a text", (value) => typeof value === "string"],
    contentType: [false, "a text", (value) => typeof value === "string" && /^[\x20-\x7e]{1,255}$/.test(value)],
    size: [false, "a whole number", (value) => Number.isSafeInteger(value) && Number(value) >= 0],
    sha256: [false, "64 hex digits", (value) => typeof value === "string" && /^[0-9a-f]{64}$/i.test(value)],
    metadata: [false, "an object of short texts, named by letters, digits and dashes", (value) => {
      return typeof value === "object" && value !== null && metadataFrom({ ...value }) !== undefined;
    }],
    ifAbsent: [false, "true or false", (value) => typeof value === "boolean"],
  };

/**
 * Reads the object `{ bucket, key, contentType?, size?, sha256?, metadata?, ifAbsent? }`.
 * @throws SixfoldError `invalid_argument` that names the first thing wrong with it
 */
export async function readUploadForm(request: Request): Promise<UploadRequest> {
  const form = parse(await readText(request));
  for (const name of Object.keys(form)) {
    if (FIELDS[name] === undefined) throw malformed(`it has no field ${name.slice(0, 40)}`);
  }
  for (const [name, [required, kind, fits]] of Object.entries(FIELDS)) {
    const value = form[name];
    if (value === undefined ? required : !fits(value)) throw malformed(`${name} must be ${kind}`);
  }
  const { bucket, key, contentType, size, sha256, metadata, ifAbsent } = form;
  return {
    bucket: String(bucket),
    key: String(key),
    contentType: contentType === undefined ? "application/octet-stream" : String(contentType),
    size: size === undefined ? undefined : Number(size),
    sha256: sha256 === undefined ? undefined : Uint8Array.from(Buffer.from(String(sha256), "hex")),
    metadata: typeof metadata === "object" ? metadataFrom({ ...metadata }) ?? {} : {},
    ifAbsent: ifAbsent === true,
  };
}

async function readText(request: Request): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request.body ?? []) {
    length += piece.length;
    if (length > MAX_BYTES) throw malformed("it is too long");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch { /* told below */ }
  throw malformed("it is no JSON object");
}

function malformed(why: string): SixfoldError {
  return new SixfoldError("invalid_argument", `the upload to create cannot be read: ${why}`);
}
