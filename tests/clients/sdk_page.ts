/** The SDK in a page: its suite, and an upload that outlives a reload of the page. */
import { createClient } from "../../client/mod.ts";
import { pattern, runSuite } from "./sdk_suite.ts";

const gateways = globalThis.location.origin;
const named = () => new File([pattern(10 * 1024 * 1024)], "film.mp4", { type: "video/mp4", lastModified: 1_000_000 });

/** Sends until so much is durable, and then never goes on: the page is about to be reloaded. */
function sendSome(bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const upload = createClient({ gateways }).upload(named(), {
      bucket: "page",
      key: "film",
      concurrency: 1,
      partSize: 1024 * 1024,
      onProgress({ sent }) {
        if (sent < bytes) return;
        upload.pause();
        resolve(sent);
      },
    });
    upload.done.catch(reject);
  });
}

async function sendAll(): Promise<{ resumed: number; size: number }> {
  let before = 0;
  const { size } = await createClient({ gateways }).upload(named(), {
    bucket: "page",
    key: "film",
    onProgress: ({ resumed }) => void (before = resumed),
  });
  return { resumed: before, size };
}

Object.assign(globalThis, { runSuite: () => runSuite(gateways, "browser"), sendSome, sendAll });
