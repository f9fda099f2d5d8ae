/** The names of all metrics, for the search field, the editor and the rule form: read when first wanted, then kept fresh. */
import { labelValues } from "../api/prometheus";

/** New metrics appear seldom; half a minute is soon enough for a suggestion. */
const FRESH_MS = 30_000;

class Metrics {
  names: readonly string[] = $state.raw([]);
  #readAt = 0;

  /** Reads the names unless they were read a moment ago. Suggestions are a help: where they fail, nothing is said. */
  async want(): Promise<void> {
    if (Date.now() - this.#readAt < FRESH_MS && this.names.length > 0) return;
    this.#readAt = Date.now();
    try {
      this.names = await labelValues("__name__");
    } catch {
      this.#readAt = 0;
    }
  }
}

export const metrics = new Metrics();
