/**
 * When pages ask again: every 10 s, or at a press of the button; never while the tab is hidden.
 * Pages read `round` in an effect and load whenever it counts up.
 */
import { address } from "./address.svelte";

/** The host is measured every 10 s: asking more often shows nothing new. */
const EVERY_MS = 10_000;
const TICK_MS = 500;

class Refresh {
  /** Counts the times that pages should ask again. */
  round = $state(0);

  get automatic(): boolean {
    return address.param("refresh") !== "off";
  }

  set automatic(on: boolean) {
    address.set({ refresh: on ? null : "off" }, "replace");
    if (on) this.now();
  }

  now(): void {
    this.round += 1;
  }

  /** Starts the clock, which runs for as long as the page is open. */
  start(): void {
    let last = Date.now();
    const tick = (): void => {
      if (document.hidden || !this.automatic || Date.now() - last < EVERY_MS) return;
      last = Date.now();
      this.now();
    };
    setInterval(tick, TICK_MS);
    // A tab that comes back is old: it asks at once.
    document.addEventListener("visibilitychange", tick);
  }
}

export const refresh = new Refresh();
