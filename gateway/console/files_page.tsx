/** Files: buckets, folders, and what is known of one file. */
import { useEffect, useRef, useState } from "preact/hooks";
import { BucketList } from "./bucket_list.tsx";
import { filesOfDrop, filesOfInput } from "./dropped_files.ts";
import { FilePanel } from "./file_panel.tsx";
import { Icon } from "./icons.tsx";
import { FileList } from "./file_list.tsx";
import { notify } from "./notices.tsx";
import { filesHref, route } from "./route.ts";
import { enqueue, type Picked } from "./upload_queue.ts";

/** The page. */
export function FilesPage() {
  const here = route.value;
  const [over, setOver] = useState(false);
  useFocusAfter(here.page === "files" ? filesHref(here.bucket, here.prefix, here.file) : "");
  if (here.page !== "files") return null;
  const { bucket, prefix, file } = here;
  const send = (picked: readonly Picked[]) => {
    if (bucket === "") notify("Open a bucket first: files are put into the one that is open.", true);
    else enqueue(bucket, prefix, picked);
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer !== null) send(await filesOfDrop(event.dataTransfer));
  };
  return (
    <div
      class={file === "" ? "browser" : "browser with-panel"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => event.currentTarget.contains(event.relatedTarget as Node | null) || setOver(false)}
      onDrop={(event) => void drop(event)}
    >
      <section class="listing" aria-labelledby="place">
        <Crumbs bucket={bucket} prefix={prefix} />
        {bucket === ""
          ? <BucketList />
          : <Bucket key={`${bucket}/${prefix}`} bucket={bucket} prefix={prefix} send={send} />}
      </section>
      {bucket !== "" && file !== "" && (
        <FilePanel key={`${bucket}/${file}`} bucket={bucket} name={file} prefix={prefix} />
      )}
      {over && bucket !== "" && (
        <p class="drop-here">
          <Icon name="upload" /> Drop to put into {bucket}/{prefix}
        </p>
      )}
    </div>
  );
}

/** Gives the focus back to the row of a file whose panel has closed. */
function useFocusAfter(place: string): void {
  const before = useRef(place);
  useEffect(() => {
    if (before.current.split("?")[0] === place) {
      [...document.querySelectorAll<HTMLElement>(".row")].find((row) => row.getAttribute("href") === before.current)
        ?.focus();
    }
    before.current = place;
  }, [place]);
}

function Crumbs({ bucket, prefix }: { bucket: string; prefix: string }) {
  const folders = prefix.split("/").slice(0, -1);
  const steps = [{ name: "Buckets", href: filesHref() }];
  if (bucket !== "") steps.push({ name: bucket, href: filesHref(bucket) });
  folders.forEach((name, i) => steps.push({ name, href: filesHref(bucket, folders.slice(0, i + 1).join("/") + "/") }));
  return (
    <nav class="crumbs" aria-label="Folders">
      <h1 id="place" class="unseen">{bucket === "" ? "Buckets" : `Files in ${bucket}/${prefix}`}</h1>
      <ol>
        {steps.map(({ name, href }, i) => (
          <li key={href}>
            <a href={href} aria-current={i === steps.length - 1 ? "location" : undefined}>{name}</a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

const SEARCH_MS = 250;

function Bucket(
  { bucket, prefix, send }: { bucket: string; prefix: string; send: (picked: readonly Picked[]) => void },
) {
  const [typed, setTyped] = useState("");
  const [sought, setSought] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSought(typed), SEARCH_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <>
      <div class="tools">
        <label class="search">
          <Icon name="search" />
          <span class="unseen">Names that begin with</span>
          <input
            type="search"
            placeholder="Begins with…"
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
        <Pick title="Upload files" send={send} primary />
        <Pick title="Upload a folder" send={send} folder />
      </div>
      <FileList key={sought} bucket={bucket} folder={prefix} prefix={prefix + sought} />
    </>
  );
}

interface PickProps {
  readonly title: string;
  readonly folder?: boolean;
  readonly primary?: boolean;
  readonly send: (picked: readonly Picked[]) => void;
}

/** A button that opens the browser's own choice of files. */
function Pick({ title, folder = false, primary = false, send }: PickProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class={primary ? "primary" : ""} onClick={() => input.current?.click()}>
        <Icon name={folder ? "folder" : "upload"} /> {title}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={({ currentTarget }) => {
          send(filesOfInput(currentTarget.files));
          currentTarget.value = "";
        }}
      />
    </>
  );
}
