/** Short notices in the corner, read out, gone by themselves unless they tell of an error. */
import { signal } from "@preact/signals";
import { sentenceOf } from "./api.ts";
import { Icon } from "./icons.tsx";

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
}

const STAY_MS = 5000;
const MOST = 4;
const notices = signal<readonly Notice[]>([]);
let last = 0;

/** Says something. */
export function notify(text: string, bad = false): void {
  const id = ++last;
  notices.value = [...notices.value, { id, text, bad }].slice(-MOST);
  if (!bad) setTimeout(() => dismiss(id), STAY_MS);
}

/** Does something, and says so when it fails. @returns whether it did not fail */
export async function attempt(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    notify(sentenceOf(error), true);
    return false;
  }
}

function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** All of them. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, bad }) => (
        <p key={id} class={bad ? "notice bad" : "notice"}>
          <span>{text}</span>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </p>
      ))}
    </div>
  );
}
