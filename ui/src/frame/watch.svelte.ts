/**
 * What every page wants to know: the rules with their states (the bar counts what fires) and the server's status.
 * Loaded here once and read everywhere.
 */
import { type Rule, listRules } from "../api/rules";
import { toFailure } from "../api/failure";
import { type Loaded, NOTHING, valueOf } from "../api/loaded";
import { type Status, readStatus } from "../api/status";

/** Rules are judged every 5 s: what fires is on the screen at most this much later. */
const EVERY_MS = 5000;

class Watch {
  rules: Loaded<readonly Rule[]> = $state.raw(NOTHING);
  status: Loaded<Status> = $state.raw(NOTHING);

  /** Instances that fire now, of all rules. */
  get firing(): number {
    const rules = valueOf(this.rules) ?? [];
    return rules.reduce((sum, rule) => sum + rule.instances.filter(({ state }) => state === "firing").length, 0);
  }

  async readRules(): Promise<void> {
    try {
      this.rules = { state: "ready", value: await listRules() };
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure !== undefined) this.rules = { state: "failed", failure, old: valueOf(this.rules) };
    }
  }

  async readStatus(): Promise<void> {
    try {
      this.status = { state: "ready", value: await readStatus() };
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure !== undefined) this.status = { state: "failed", failure, old: valueOf(this.status) };
    }
  }

  /** Reads at once, and then again and again for as long as the page is open. */
  start(): void {
    let busy = false;
    const round = async (): Promise<void> => {
      if (busy || document.hidden) return;
      busy = true;
      await Promise.all([this.readRules(), this.readStatus()]);
      busy = false;
    };
    void round();
    setInterval(() => void round(), EVERY_MS);
    document.addEventListener("visibilitychange", () => void round());
  }
}

export const watch = new Watch();
