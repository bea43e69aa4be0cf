/** tus-js-client in a page: parts side by side, and an upload that outlives a reload of the page. */
import { Upload, type UploadOptions } from "tus-js-client";
import { pattern } from "./sdk_suite.ts";

const MIB = 1024 * 1024;
const film = () => new File([pattern(12 * MIB)], "film.mp4", { type: "video/mp4", lastModified: 1_000_000 });

function send(endpoint: string, key: string, more: UploadOptions = {}, begin = (upload: Upload) => upload.start()) {
  return new Promise<string>((resolve, reject) => {
    const upload = new Upload(film(), {
      endpoint,
      metadata: { bucket: "page", key, filetype: "video/mp4" },
      chunkSize: 2 * MIB,
      removeFingerprintOnSuccess: true,
      retryDelays: null,
      onError: reject,
      onSuccess: () => resolve(upload.url ?? ""),
      ...more,
    });
    begin(upload);
  });
}

/** Two parts at once. */
const sendParts = (endpoint: string) => send(endpoint, "side by side", { parallelUploads: 2 });

/** Sends until some of it is there, and then never goes on: the page is about to be reloaded. */
function sendSome(endpoint: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let upload: Upload | undefined;
    const onChunkComplete = (_size: number, sent: number) => {
      if (sent >= 4 * MIB) void upload?.abort().then(() => resolve(sent));
    };
    void send(endpoint, "film", { onChunkComplete }, (made) => (upload = made).start()).catch(reject);
  });
}

/** Goes on with it. @returns how much was there with the first piece */
async function sendRest(endpoint: string): Promise<number> {
  let first = 0;
  const onChunkComplete = (_size: number, sent: number) => void (first ||= sent);
  await send(endpoint, "film", { onChunkComplete }, (upload) => {
    void upload.findPreviousUploads().then(([known]) => {
      if (known !== undefined) upload.resumeFromPreviousUpload(known);
      upload.start();
    });
  });
  return first;
}

Object.assign(globalThis, { sendParts, sendSome, sendRest });
