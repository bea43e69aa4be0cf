/** What is being uploaded, at the foot of every page. */
import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import { plural, sizeText, timeText } from "./format.ts";
import { Icon } from "./icons.tsx";
import { clearDone, giveUp, pause, type QueuedUpload, resume, uploads, type UploadState } from "./upload_queue.ts";

/** So many are drawn; a folder of thousands is told of in numbers. */
const MOST = 50;

/** The panel; nothing while there are no uploads. */
export function UploadsPanel() {
  const [open, setOpen] = useState(true);
  const sum = useComputed(() => {
    const all = uploads.value;
    const bytes = all.reduce((total, { file }) => total + file.size, 0);
    const sent = all.reduce((total, { sent }) => total + sent.value, 0);
    const speed = all.reduce((total, { speed, state }) => total + (state.value === "running" ? speed.value : 0), 0);
    return { bytes, sent, speed, left: all.filter(({ state }) => state.value !== "done").length };
  });
  const all = uploads.value;
  if (all.length === 0) return null;
  const { bytes, sent, speed, left } = sum.value;
  // Rows keep their places while somebody is about to press what is on them; only what is done goes to the end.
  const isDone = ({ state }: QueuedUpload) => state.value === "done";
  const shown = [...all.filter((upload) => !isDone(upload)), ...all.filter(isDone)].slice(0, MOST);
  return (
    <section class="uploads" aria-label="Uploads">
      <header>
        <button type="button" class="quiet grow" aria-expanded={open} onClick={() => setOpen(!open)}>
          <strong>{left === 0 ? `${plural(all.length, "upload")} done` : `${plural(left, "upload")} to go`}</strong>
          <span class="faint">
            {sizeText(sent)} of {sizeText(bytes)}
            {left > 0 && speed > 0 && ` · ${sizeText(speed)}/s · ${timeText((bytes - sent) / speed)} left`}
          </span>
        </button>
        {left < all.length && <button type="button" class="quiet" onClick={clearDone}>Clear done</button>}
      </header>
      {open && (
        <ul>
          {shown.map((upload) => <Row key={upload.id} upload={upload} />)}
          {all.length > MOST && <li class="faint">and {plural(all.length - MOST, "other")}</li>}
        </ul>
      )}
    </section>
  );
}

function Row({ upload }: { upload: QueuedUpload }) {
  const { file, key, state, sent, speed, problem } = upload;
  const share = state.value === "done" ? 1 : file.size === 0 ? 0 : sent.value / file.size;
  const told = {
    waiting: "waits for its turn",
    running: speed.value === 0 ? "begins" : `${sizeText(speed.value)}/s`,
    paused: "paused",
    done: "done",
    failed: problem.value,
  }[state.value];
  const acts: {
    readonly [state in UploadState]?: { readonly label: string; readonly icon: "pause" | "play" | "retry" };
  } = {
    running: { label: `Pause ${key}`, icon: "pause" },
    paused: { label: `Resume ${key}`, icon: "play" },
    failed: { label: `Try ${key} again`, icon: "retry" },
  };
  const act = acts[state.value];
  return (
    <li class={`upload ${state.value}`}>
      <div class="upload-name">
        <span class="name" title={key}>{key}</span>
        <span class="faint">{sizeText(file.size)} · {told}</span>
      </div>
      <progress max={1} value={share} aria-label={`Progress of ${key}`}>{Math.round(share * 100)} %</progress>
      <div class="buttons">
        {act !== undefined && (
          <button
            type="button"
            class="quiet"
            aria-label={act.label}
            onClick={() => state.value === "running" ? pause(upload) : resume(upload)}
          >
            <Icon name={act.icon} />
          </button>
        )}
        {state.value !== "done" && (
          <button
            type="button"
            class="quiet"
            aria-label={`Give up ${key}`}
            onClick={() => void giveUp(upload)}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
    </li>
  );
}
