/** A file from an HTML form (RFC 7578), read as a stream: the fields `bucket` and `key`, then the file. */
import busboy from "busboy";
import { Readable } from "node:stream";
import { SixfoldError } from "../../shared/errors.ts";

/** A form as far as the beginning of its file. */
export interface FileForm {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  /** The file's bytes; ends with an error where the form is cut. */
  readonly body: AsyncIterable<Uint8Array>;
}

const LIMITS = { fields: 10, fieldNameSize: 100, fieldSize: 4096, files: 1, parts: 20, headerPairs: 50 };

/**
 * Reads the fields of a form up to its file. Without a `key`, the file's own name is taken.
 * @throws SixfoldError `invalid_argument` when it is no form, or the file comes before its fields
 */
export async function readForm(request: Request): Promise<FileForm> {
  const { body } = request;
  const contentType = request.headers.get("content-type") ?? "";
  if (body === null || !/^multipart\/form-data\s*;/i.test(contentType)) {
    throw malformed("it is not multipart/form-data");
  }
  const source = Readable.from(body);
  const fields = new Map<string, string>();
  return await new Promise<FileForm>((resolve, reject) => {
    let parser: busboy.Busboy;
    try {
      parser = busboy({ headers: { "content-type": contentType }, limits: LIMITS, defParamCharset: "utf8" });
    } catch (cause) {
      source.destroy();
      return reject(malformed("it names no boundary", cause));
    }
    const fail = (why: string, cause?: unknown) => {
      source.unpipe(parser);
      source.destroy();
      reject(malformed(why, cause));
    };
    parser.on("field", (name, value, { valueTruncated }) => {
      if (valueTruncated) fail(`the field ${name} is too long`);
      else fields.set(name, value);
    });
    parser.on("file", (_name, file, { filename, mimeType }) => {
      const bucket = fields.get("bucket");
      const key = fields.get("key") ?? filename;
      if (bucket === undefined || !key) {
        file.resume();
        return fail("the fields bucket and key must come before the file");
      }
      source.on("error", (error) => file.destroy(error));
      resolve({ bucket, key, contentType: mimeType, body: file });
    });
    parser.on("error", (error) => fail("it is cut or malformed", error));
    parser.on("close", () => fail("it has no file"));
    source.on("error", (error) => reject(SixfoldError.from(error)));
    source.pipe(parser);
  });
}

function malformed(why: string, cause?: unknown): SixfoldError {
  return new SixfoldError("invalid_argument", `the form cannot be read: ${why}`, { cause });
}
