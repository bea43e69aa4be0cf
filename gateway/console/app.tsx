/** The frame around all pages. */
import { Confirm } from "./confirm.tsx";
import { servers, trouble } from "./cluster_state.ts";
import { ClusterPage } from "./cluster_page.tsx";
import { FilesPage } from "./files_page.tsx";
import { Icon } from "./icons.tsx";
import { KeysPage } from "./keys_page.tsx";
import { LossPage } from "./loss_page.tsx";
import { Notices } from "./notices.tsx";
import { RequestsPage } from "./requests_page.tsx";
import { route } from "./route.ts";
import { mustSignIn, signedInAs, signOut } from "./session.ts";
import { SignIn } from "./sign_in.tsx";
import { ServerState } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { nextTheme, theme } from "./theme.ts";
import { UploadsPanel } from "./uploads_panel.tsx";

const PAGES = [
  { page: "files", title: "Files", href: "#/files" },
  { page: "cluster", title: "Cluster", href: "#/cluster" },
  { page: "requests", title: "Requests", href: "#/requests" },
  { page: "loss", title: "What would I lose", href: "#/loss" },
  { page: "keys", title: "Keys", href: "#/keys" },
] as const;

/** The console. */
export function App() {
  const { page } = route.value;
  if (mustSignIn.value) return <SignIn />;
  return (
    <div class="app">
      <a class="skip" href="#main" onClick={skip}>Skip to content</a>
      <header class="top">
        <a class="logo" href="#/files" aria-label="Sixfold, files">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M16 1 29 8.500v15L16 31 3 23.500v-15z" />
            <path class="lines" d="M16 16V1m0 15 13-7.500M16 16l13 7.500M16 16v15M16 16 3 23.500M16 16 3 8.500" />
          </svg>
          <span>Sixfold</span>
        </a>
        <nav aria-label="Pages">
          {PAGES.map(({ page: name, title, href }) => (
            <a key={name} href={href} aria-current={name === page ? "page" : undefined}>{title}</a>
          ))}
        </nav>
        <Health />
        {signedInAs.value !== "" && <button type="button" class="quiet" onClick={signOut}>Sign out</button>}
        <button type="button" class="quiet" onClick={nextTheme} aria-label={`Colours: ${theme.value}. Change`}>
          <Icon name="theme" />
        </button>
      </header>
      <main key={page} id="main" tabIndex={-1} class={`page ${page}`}>
        <Page page={page} />
      </main>
      <UploadsPanel />
      <Notices />
      <Confirm />
    </div>
  );
}

function Page({ page }: { page: typeof PAGES[number]["page"] }) {
  switch (page) {
    case "files":
      return <FilesPage />;
    case "cluster":
      return <ClusterPage />;
    case "keys":
      return <KeysPage />;
    case "requests":
      return <RequestsPage />;
    case "loss":
      return <LossPage />;
  }
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** In a word how the cluster is. */
function Health() {
  if (trouble.value !== "") return <a class="health bad" href="#/cluster" title={trouble.value}>No answer</a>;
  const all = servers.value;
  if (all === undefined) return <span class="health">…</span>;
  const well = all.filter(({ state, unreachable }) => state === ServerState.ACTIVE && unreachable === "").length;
  return (
    <a class={`health ${well === all.length && well > 0 ? "good" : well === 0 ? "bad" : "warn"}`} href="#/cluster">
      {well} of {all.length} servers
    </a>
  );
}
