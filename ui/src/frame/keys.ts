/** The keyboard: one list that is both what works and what `?` shows. */

export interface Shortcut {
  /** As typed, one after the other: `g h`. */
  readonly keys: string;
  readonly does: string;
  readonly run: () => void;
}

/** How long `g` waits for the letter after it. */
const CHORD_MS = 1200;

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Listens for the shortcuts on the whole page; answers how to stop. */
export function bindKeys(shortcuts: readonly Shortcut[]): () => void {
  let begun = "";
  let begunAt = 0;
  const onkeydown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]") !== null) return;
    const chord = event.timeStamp - begunAt < CHORD_MS && begun !== "" ? `${begun} ${event.key}` : event.key;
    const found = shortcuts.find(({ keys }) => keys === chord) ?? shortcuts.find(({ keys }) => keys === event.key);
    begun = "";
    if (found !== undefined) {
      event.preventDefault();
      found.run();
    } else if (shortcuts.some(({ keys }) => keys.startsWith(`${event.key} `))) {
      begun = event.key;
      begunAt = event.timeStamp;
    }
  };
  addEventListener("keydown", onkeydown);
  return () => removeEventListener("keydown", onkeydown);
}
