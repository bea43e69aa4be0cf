/** What stands in place of all pages until somebody signs in. */
import { useState } from "preact/hooks";
import { signIn } from "./session.ts";

/** The form. The key goes to the gateway and stays nowhere on the page. */
export function SignIn() {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const key = new FormData(event.currentTarget).get("key");
    setBusy(true);
    const why = await signIn(typeof key === "string" ? key.trim() : "");
    if (why === undefined) return;
    setBusy(false);
    setProblem(why);
  };
  return (
    <main id="main" class="page sign-in">
      <form onSubmit={submit}>
        <h1>Sixfold</h1>
        <label for="key">API key</label>
        <input id="key" name="key" type="password" autocomplete="current-password" required autoFocus />
        <p role="alert">{problem}</p>
        <button type="submit" class="primary" disabled={busy}>Sign in</button>
      </form>
    </main>
  );
}
