/** Where in the console one is: kept in the address behind #, so that it can be gone back to and sent to others. */
import { signal } from "@preact/signals";

/** A place in the console. */
export type Route =
  | { readonly page: "files"; readonly bucket: string; readonly prefix: string; readonly file: string }
  | { readonly page: "requests"; readonly trace: string }
  | { readonly page: "cluster" }
  | { readonly page: "keys" }
  | { readonly page: "loss" };

/** Reads what is behind #. What is not known leads to the files. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page, bucket = "", ...rest] = path.split("/").map(decode);
  if (page === "cluster" || page === "loss" || page === "keys") return { page };
  if (page === "requests") return { page, trace: bucket };
  const file = decode((/^file=(.*)$/.exec(query)?.[1] ?? "").replaceAll("+", " "));
  if (page !== "files") return { page: "files", bucket: "", prefix: "", file: "" };
  return { page, bucket, prefix: rest.join("/"), file };
}

/** The address of a place among the files. @param prefix a folder with a slash at its end, or empty */
export function filesHref(bucket = "", prefix = "", file = ""): string {
  const encode = (text: string) => text.split("/").map(encodeURIComponent).join("/");
  const query = file === "" ? "" : `?file=${encodeURIComponent(file)}`;
  return bucket === "" ? "#/files" : `#/files/${encodeURIComponent(bucket)}/${encode(prefix)}${query}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Where one is now. */
export const route = signal<Route>({ page: "files", bucket: "", prefix: "", file: "" });

/** Follows the address from now on. */
export function followAddress(): void {
  const read = () => void (route.value = parseRoute(globalThis.location.hash));
  globalThis.addEventListener("hashchange", read);
  read();
}
