/** The console: starts what it follows, and shows it. */
import { render } from "preact";
import { App } from "./app.tsx";
import { followServers } from "./cluster_state.ts";
import { followAddress } from "./route.ts";
import { findSession, mustSignIn } from "./session.ts";
import { followTheme } from "./theme.ts";

const root = document.getElementById("app");
if (root === null) throw new Error("the page has no place for the console");
followTheme();
followAddress();
// Who must sign in first has nothing to follow.
await findSession();
if (!mustSignIn.value) followServers();
root.textContent = "";
render(<App />, root);
