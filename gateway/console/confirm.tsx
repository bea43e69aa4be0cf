/** Asks before something is done that cannot be taken back. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Question {
  readonly title: string;
  readonly body: ComponentChildren;
  /** What the button says that does it. */
  readonly action: string;
  readonly danger?: boolean;
  readonly answer: (yes: boolean) => void;
}

const question = signal<Question | undefined>(undefined);

/** Asks. @returns whether it shall be done */
export function confirm(asked: Omit<Question, "answer">): Promise<boolean> {
  question.value?.answer(false);
  return new Promise((resolve) => {
    const mine: Question = {
      ...asked,
      answer(yes) {
        // The dialog tells of its end once more when it is closed.
        if (question.value !== mine) return;
        question.value = undefined;
        resolve(yes);
      },
    };
    question.value = mine;
  });
}

/** The question that is open, if there is one. */
export function Confirm() {
  const asked = question.value;
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (asked !== undefined && box.current?.open === false) box.current.showModal();
  }, [asked]);
  if (asked === undefined) return null;
  const { title, body, action, danger = false, answer } = asked;
  const close = (yes: boolean) => {
    // Closed before it goes: that gives the focus back to where it was.
    box.current?.close();
    answer(yes);
  };
  return (
    <dialog ref={box} class="confirm" aria-labelledby="confirm-title" onClose={() => answer(false)}>
      <h2 id="confirm-title">{title}</h2>
      <div>{body}</div>
      <div class="buttons end">
        <button type="button" onClick={() => close(false)}>Cancel</button>
        <button type="button" class={danger ? "danger" : "primary"} onClick={() => close(true)}>{action}</button>
      </div>
    </dialog>
  );
}
