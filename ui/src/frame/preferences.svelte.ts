/**
 * What a viewer chose for this browser: theme, zone and the host last looked at. Kept in localStorage, which a private window may refuse:
 * then the choice lasts as long as the page.
 */
import type { Zone } from "../time/instant";

export type Theme = "auto" | "light" | "dark";

const THEME_KEY = "barograph.theme";
const ZONE_KEY = "barograph.zone";
const HOST_KEY = "barograph.host";

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The choice holds for this page; there is nowhere to keep it.
  }
}

const system = matchMedia("(prefers-color-scheme: dark)");

class Preferences {
  #theme: Theme = $state("auto");
  #zone: Zone = $state("local");
  #systemDark = $state(system.matches);

  constructor() {
    const theme = read(THEME_KEY);
    if (theme === "light" || theme === "dark") this.#theme = theme;
    if (read(ZONE_KEY) === "utc") this.#zone = "utc";
    system.addEventListener("change", (event) => (this.#systemDark = event.matches));
    this.#apply();
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    write(THEME_KEY, theme);
    this.#apply();
  }

  /** The theme that is on, whoever chose it. */
  get shade(): "light" | "dark" {
    if (this.#theme !== "auto") return this.#theme;
    return this.#systemDark ? "dark" : "light";
  }

  get zone(): Zone {
    return this.#zone;
  }

  set zone(zone: Zone) {
    this.#zone = zone;
    write(ZONE_KEY, zone);
  }

  /** The host last looked at; empty before the first. */
  get host(): string {
    return read(HOST_KEY) ?? "";
  }

  set host(host: string) {
    write(HOST_KEY, host);
  }

  #apply(): void {
    if (this.#theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = this.#theme;
  }
}

export const preferences = new Preferences();
