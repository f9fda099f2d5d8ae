/**
 * The keyboard: single keys, chords, and silence while somebody types.
 * @vitest-environment jsdom
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bindKeys } from "./keys";

const host = vi.fn();
const help = vi.fn();
let stop: () => void;

beforeEach(() => {
  stop = bindKeys([
    { keys: "g h", does: "", run: host },
    { keys: "?", does: "", run: help },
  ]);
});

afterEach(() => {
  stop();
  vi.clearAllMocks();
  document.body.innerHTML = "";
});

function press(key: string, target: EventTarget = document.body, init: KeyboardEventInit = {}): void {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init }));
}

test("a_key_and_a_chord_run_what_they_say", () => {
  press("?");
  expect(help).toHaveBeenCalledOnce();
  press("g");
  press("h");
  expect(host).toHaveBeenCalledOnce();
});

test("half_a_chord_does_nothing", () => {
  press("h");
  press("g");
  press("x");
  press("h");
  expect(host).not.toHaveBeenCalled();
});

test("typing_and_modifiers_are_left_alone", () => {
  document.body.innerHTML = "<input>";
  const input = document.querySelector("input");
  if (input !== null) press("?", input);
  press("?", document.body, { ctrlKey: true });
  expect(help).not.toHaveBeenCalled();
});
