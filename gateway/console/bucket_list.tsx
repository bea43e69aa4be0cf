/** The buckets, and a way to a new one. */
import { useState } from "preact/hooks";
import { files } from "./api.ts";
import { Icon } from "./icons.tsx";
import { usePolled } from "./poll.ts";
import { filesHref } from "./route.ts";

const EVERY_MS = 10_000;
const MOST = 1000;

/** The list. */
export function BucketList() {
  const [name, setName] = useState("");
  const { value, error } = usePolled(EVERY_MS, (signal) => files.listBuckets({ limit: MOST }, { signal }));
  return (
    <>
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault();
          globalThis.location.hash = filesHref(name);
        }}
      >
        <label class="search">
          <Icon name="bucket" />
          <span class="unseen">Name of a bucket</span>
          <input
            required
            placeholder="Name of a bucket, new or known"
            pattern="[a-zA-Z0-9][a-zA-Z0-9._\-]{0,62}"
            title="1 to 63 letters, digits, dots, dashes or underscores"
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">Open</button>
      </form>
      <p class="hint">A bucket appears with its first file.</p>
      {error !== "" && <p class="trouble">{error}</p>}
      {value?.buckets.length === 0 && (
        <div class="empty">
          <Icon name="bucket" />
          <p>Nothing is stored yet. Name a bucket above, then drop files into it.</p>
        </div>
      )}
      <ul class="buckets">
        {value?.buckets.map((bucket) => (
          <li key={bucket}>
            <a href={filesHref(bucket)}>
              <Icon name="bucket" /> <span class="name">{bucket}</span>
            </a>
          </li>
        ))}
      </ul>
      {value?.more && <p class="hint">There are more than {MOST} buckets: name the one that is not here.</p>}
    </>
  );
}
