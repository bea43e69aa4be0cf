/** Bounds a wait: the answer, or an error when it has not come in time. What answers too late is not listened to. */
import { SixfoldError } from "./errors.ts";

/**
 * @param message what happened and what to do
 * @throws SixfoldError `deadline_exceeded` after `ms`
 */
export async function within<T>(ms: number, answer: Promise<T>, message: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SixfoldError("deadline_exceeded", message)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
