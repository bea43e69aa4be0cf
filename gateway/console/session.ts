/** Who looks at the console: anybody where there are no keys, otherwise a key that has signed in. */
import { signal } from "@preact/signals";

const PATH = "/v1/session";

/** Whether nothing can be shown before somebody signs in. */
export const mustSignIn = signal(false);

/** The id of the key that has signed in; empty where none has. */
export const signedInAs = signal("");

/** Asks the gateway. Where it does not answer, the pages say so by themselves. */
export async function findSession(): Promise<void> {
  try {
    const { keysInUse, keyId } = await (await fetch(PATH)).json();
    signedInAs.value = String(keyId);
    mustSignIn.value = keysInUse === true && keyId === "";
  } catch { /* told elsewhere */ }
}

/** Signs in. @returns why not, as a sentence; undefined when it is done, and the page begins anew */
export async function signIn(key: string): Promise<string | undefined> {
  try {
    const response = await fetch(PATH, { method: "POST", body: key });
    if (!response.ok) return sentence(String((await response.json()).title));
    globalThis.location.reload();
    return undefined;
  } catch {
    return "The gateway does not answer; try again.";
  }
}

/** Signs out, and begins anew. */
export async function signOut(): Promise<void> {
  await fetch(PATH, { method: "DELETE" }).catch(() => {});
  globalThis.location.reload();
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
