/** A page that sends the file that its user chooses, and that tells what goes on at the gateway. `npm run transfers` opens it. */
import { createClient } from "../../client/mod.ts";

const client = createClient({ gateways: new URLSearchParams(location.search).get("gateway") ?? "" });
/** What the tool reads from time to time. */
const state = {
  /** Bytes that are durable, of these what was there when the file was chosen, and how often it became less. */
  sent: 0,
  resumed: -1,
  backwards: 0,
  done: false,
  problem: "",
  /** The longest that the page did not answer its user, in ms. */
  longestTask: 0,
  /** Bytes that came to the gateway while this page looked on. */
  watched: 0,
};

new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) state.longestTask = Math.max(state.longestTask, duration);
}).observe({ type: "longtask" });

/** What this page's program knows of its document: types of browsers are not those of the rest. */
interface Chooser extends EventTarget {
  readonly files: Iterable<File>;
}

const { chooser } = globalThis as unknown as { readonly chooser: Chooser };
chooser.addEventListener("change", () => {
  const [file] = chooser.files;
  if (file === undefined) return;
  client.upload(file, {
    bucket: "page",
    key: "film",
    onProgress({ sent, resumed }) {
      if (sent < state.sent) state.backwards++;
      Object.assign(state, { sent, resumed });
    },
  }).then(() => state.done = true, (error) => state.problem = String(error));
});

async function watch(): Promise<void> {
  for await (const { bytesStored } of client.watch()) state.watched += bytesStored;
}

Object.assign(globalThis, { state, watch: () => void watch().catch((error) => state.problem = String(error)) });
