/** Light or dark: the system's choice, or the user's, which is remembered. */
import { effect, signal } from "@preact/signals";

const THEMES = ["system", "light", "dark"] as const;
const REMEMBERED = "sixfold-theme";

/** The choice. */
export const theme = signal<typeof THEMES[number]>("system");

/** Takes up what was chosen before, and applies what is chosen from now on. */
export function followTheme(): void {
  const before = globalThis.localStorage.getItem(REMEMBERED);
  theme.value = THEMES.find((known) => known === before) ?? "system";
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    globalThis.localStorage.setItem(REMEMBERED, theme.value);
  });
}

/** Chooses the next one. */
export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "system";
}
