/** What is known of one file: its metadata, where its chunks are, what is in it, and what can be done with it. */
import { useEffect, useRef } from "preact/hooks";
import type { File as StoredFile } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { cluster, files, hrefOf } from "./api.ts";
import { ChunkMap } from "./chunk_map.tsx";
import { confirm } from "./confirm.tsx";
import { dateText, hexText, plural, sizeText } from "./format.ts";
import { Icon } from "./icons.tsx";
import { attempt, notify } from "./notices.tsx";
import { usePolled } from "./poll.ts";
import { Preview } from "./preview.tsx";
import { filesHref } from "./route.ts";
import { changed } from "./upload_queue.ts";

const EVERY_MS = 10_000;

interface Props {
  readonly bucket: string;
  /** The key. */
  readonly name: string;
  /** The folder that is open beside it. */
  readonly prefix: string;
}

/** The panel. */
export function FilePanel({ bucket, name, prefix }: Props) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const { value, error } = usePolled(EVERY_MS, async (signal) => {
    const [{ file }, place] = await Promise.all([
      files.getFile({ bucket, key: name }, { signal }),
      cluster.locate({ bucket, key: name }, { signal }),
    ]);
    return { file, place };
  });
  const close = filesHref(bucket, prefix);
  const remove = async () => {
    const body = (
      <p>
        <strong class="name">{name}</strong> will be gone for all who read it.
      </p>
    );
    if (!await confirm({ title: "Delete this file?", body, action: "Delete", danger: true })) return;
    if (await attempt(() => removeFile(bucket, name))) globalThis.location.hash = close;
  };
  return (
    <aside
      class="panel"
      aria-labelledby="file-name"
      onKeyDown={({ key, target }) => {
        if (key === "Escape" && !(target as Element).closest("dialog")) globalThis.location.hash = close;
      }}
    >
      <header>
        <h2 id="file-name" ref={title} tabIndex={-1}>{name.slice(name.lastIndexOf("/") + 1)}</h2>
        <a class="button quiet" href={close} aria-label="Close">
          <Icon name="close" />
        </a>
      </header>
      <div class="buttons">
        <a class="button primary" href={hrefOf(bucket, name)} download={name.slice(name.lastIndexOf("/") + 1)}>
          <Icon name="download" /> Download
        </a>
        <button type="button" class="danger" onClick={() => void remove()}>
          <Icon name="trash" /> Delete
        </button>
      </div>
      {error !== "" && <p class="trouble">{error}</p>}
      {value?.file !== undefined && (
        <>
          <Facts file={value.file} />
          <ChunkMap place={value.place} />
          <Preview file={value.file} />
        </>
      )}
    </aside>
  );
}

/** Deletes a file, and offers to bring it back for as long as the cluster can. */
async function removeFile(bucket: string, key: string): Promise<void> {
  const { fileId, restorableSeconds } = await files.deleteFile({ bucket, key });
  changed.value++;
  const undo = async () => {
    if (!await attempt(() => files.undeleteFile({ bucket, key, fileId }))) return;
    changed.value++;
    notify(`${key} is back.`);
  };
  notify(`${key} is deleted.`, false, restorableSeconds > 0n ? { name: "Undo", act: () => void undo() } : undefined);
}

function Facts({ file }: { file: StoredFile }) {
  const { key, size, contentType, createdAt, sha256, treeSha256, id, metadata } = file;
  const rows: [string, string][] = [
    ["Key", key],
    ["Size", size < 1000n ? plural(size, "byte") : `${sizeText(size)} (${plural(size, "byte")})`],
    ["Type", contentType],
    ["Stored", dateText(new Date(Number(createdAt?.seconds ?? 0n) * 1000))],
    ["Version", id],
  ];
  if (sha256 !== undefined) rows.push(["SHA-256", hexText(sha256)]);
  if (treeSha256 !== undefined) rows.push(["SHA-256 of its parts", hexText(treeSha256)]);
  for (const [name, value] of Object.entries(metadata)) rows.push([name, value]);
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
