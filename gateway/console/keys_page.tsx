/** API keys: made, shown once, listed, revoked. */
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useState } from "preact/hooks";
import type { Key } from "../../shared/gen/sixfold/v1/keys_pb.ts";
import { keys, sentenceOf } from "./api.ts";
import { confirm } from "./confirm.tsx";
import { attempt } from "./notices.tsx";
import { usePolled } from "./poll.ts";

const EVERY_MS = 10_000;
const DAY_SECONDS = 86_400;
const VERBS = ["read", "write", "delete", "observe", "admin"] as const;
const USUAL = new Set<string>(["read", "write", "delete"]);
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

/** The page. */
export function KeysPage() {
  const { value, error, again } = usePolled(EVERY_MS, listAll);
  return (
    <>
      <header class="page-head">
        <h1>API keys</h1>
        <p class="faint">From the first key on, nothing goes without one. The first one must be allowed admin.</p>
      </header>
      <NewKey made={again} />
      {error !== "" && <p class="trouble">{error}</p>}
      {value !== undefined && value.length > 0 && (
        <section class="card" aria-label="All keys">
          <ul class="lines">
            {value.map((key) => <Row key={key.id} apiKey={key} changed={again} />)}
          </ul>
        </section>
      )}
    </>
  );
}

async function listAll(signal: AbortSignal): Promise<readonly Key[]> {
  const found: Key[] = [];
  let pageToken = "";
  do {
    const page = await keys.listKeys({ pageToken }, { signal });
    found.push(...page.keys);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  const time = ({ createdAt }: Key) => Number(createdAt?.seconds ?? 0n);
  return found.sort((a, b) => Number(b.valid) - Number(a.valid) || time(b) - time(a));
}

function NewKey({ made }: { made: () => void }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const data = new FormData(form);
    const word = (name: string) => String(data.get(name) ?? "").trim();
    try {
      const { apiKey } = await keys.createKey({
        name: word("name"),
        verbs: data.getAll("verb").map(String),
        places: word("places").split(",").map((place) => place.trim()).filter((place) => place !== ""),
        lifetimeSeconds: BigInt(Math.round(Number(word("days")) * DAY_SECONDS)),
      });
      setText(apiKey);
      setProblem("");
      form.reset();
      made();
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  return (
    <section class="card" aria-label="A new key">
      <form class="new-key" onSubmit={submit}>
        <label>
          Name <input name="name" required maxLength={100} autocomplete="off" />
        </label>
        <fieldset>
          <legend>It may</legend>
          {VERBS.map((verb) => (
            <label key={verb}>
              <input type="checkbox" name="verb" value={verb} defaultChecked={USUAL.has(verb)} /> {verb}
            </label>
          ))}
        </fieldset>
        <label>
          Only in <input name="places" placeholder="photos, logs/2026/ (everywhere)" autocomplete="off" />
        </label>
        <label>
          Days <input name="days" type="number" min="0" max="36500" placeholder="for ever" />
        </label>
        <button type="submit" class="primary">Make the key</button>
      </form>
      {problem !== "" && <p class="trouble" role="alert">{problem}</p>}
      {text !== "" && (
        <p role="status">
          This is shown once; keep it now: <code class="api-key">{text}</code>
        </p>
      )}
    </section>
  );
}

function Row({ apiKey, changed }: { apiKey: Key; changed: () => void }) {
  const { id, name, verbs, places, valid, expiresAt, revokedAt } = apiKey;
  const end = expiresAt === undefined ? "" : `until ${day.format(timestampDate(expiresAt))}`;
  const state = revokedAt !== undefined ? "revoked" : valid ? "valid" : "expired";
  const revoke = async () => {
    const body = <p>Within five seconds no gateway takes {name} any more. This cannot be taken back.</p>;
    if (!await confirm({ title: `Revoke ${name}?`, body, action: "Revoke", danger: true })) return;
    await attempt(() => keys.revokeKey({ id }));
    changed();
  };
  return (
    <li class="key-line">
      <strong class="name">{name}</strong>
      <code class="faint">{id}</code>
      <span>{verbs.join(", ")}</span>
      <span class="name">{places.length === 0 ? "everywhere" : places.join(", ")}</span>
      <span class={`badge ${valid ? "good" : ""}`}>{state}</span>
      <span class="faint">{valid ? end : ""}</span>
      {valid && <button type="button" onClick={() => void revoke()} aria-label={`Revoke ${name}`}>Revoke</button>}
    </li>
  );
}
