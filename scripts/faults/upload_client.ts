/** Uploads in parts, as a client of REST that never throws. */
import type { Content } from "./content.ts";
import { call, type Outcome } from "./file_client.ts";

/** What became of opening an upload: where it is, if it is. */
export interface Opened extends Outcome {
  readonly path: string;
}

/** Opens an upload. @param url of the file that it will be */
export async function openUpload(url: string, { size }: Content): Promise<Opened> {
  const [, gateway = "", bucket = "", key = ""] = /^(.*)\/v1\/files\/([^/]+)\/(.*)$/.exec(url) ?? [];
  let path = "";
  const outcome = await call(
    `${gateway}/v1/uploads`,
    { method: "POST", body: JSON.stringify({ bucket, key, size }) },
    {},
    async (response) => {
      path = response.headers.get("location") ?? "";
      return { bytes: (await response.bytes()).length };
    },
  );
  return { ...outcome, path };
}

/** Sends the part from `from` up to and without `to`. @param upload its address */
export async function putPart(upload: string, content: Content, from: number, to: number): Promise<Outcome> {
  return await call(`${upload}/parts/${from}`, { method: "PUT", body: content.slice(from, to) }, {});
}

/** Makes the file visible. @param upload its address */
export async function completeUpload(upload: string): Promise<Outcome> {
  return await call(`${upload}/complete`, { method: "POST" }, {});
}
