/**
 * The page's own small router on the History API. The address holds all of a view: page, range, query, filters;
 * Back undoes what was done, and a copied address shows the same to somebody else.
 */
import { DEFAULT_RANGE, type Range, rangeFromParams, rangeToParams, widen, zoomTo } from "../time/range";

export type Page = "host" | "explore" | "alerts" | "cardinality" | "unknown";

const PATHS: Readonly<Record<Exclude<Page, "unknown">, string>> = {
  host: "/",
  explore: "/explore",
  alerts: "/alerts",
  cardinality: "/cardinality",
};

/** What goes along from page to page. */
const SHARED_PARAMS = ["range", "from", "to", "refresh"] as const;

export type Patch = Readonly<Record<string, string | null>>;

export function pageOf(path: string): Page {
  if (path === "/" || path === "/host") return "host";
  if (path === "/explore" || path === "/explore/") return "explore";
  if (path === "/alerts" || path === "/alerts/") return "alerts";
  if (path === "/cardinality" || path === "/cardinality/") return "cardinality";
  return "unknown";
}

/** The parameters with the patch applied; null takes one out. */
export function patched(params: URLSearchParams, patch: Patch): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return next;
}

function join(path: string, params: URLSearchParams): string {
  // Readable where that is safe: a shared address is also read by people.
  const text = params.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",");
  return text === "" ? path : `${path}?${text}`;
}

class Address {
  #path = $state(location.pathname);
  #params = $state.raw(new URLSearchParams(location.search));
  /** Ranges to step out to, the last one first. */
  #wider: Range[] = [];

  constructor() {
    addEventListener("popstate", () => this.#read());
  }

  get page(): Page {
    return pageOf(this.#path);
  }

  get params(): URLSearchParams {
    return this.#params;
  }

  get range(): Range {
    return rangeFromParams(this.#params) ?? DEFAULT_RANGE;
  }

  get namesRange(): boolean {
    return rangeFromParams(this.#params) !== undefined;
  }

  param(name: string): string {
    return this.#params.get(name) ?? "";
  }

  /** Where a page is, with the range that is shown now. */
  href(page: Exclude<Page, "unknown">, patch: Patch = {}): string {
    const kept = new URLSearchParams();
    for (const name of SHARED_PARAMS) {
      const value = this.#params.get(name);
      if (value !== null) kept.set(name, value);
    }
    return join(PATHS[page], patched(kept, patch));
  }

  go(href: string): void {
    if (href !== location.pathname + location.search) history.pushState(null, "", href);
    this.#read();
    scrollTo(0, 0);
  }

  /** Changes parameters of the page that is shown. `replace` leaves no step for Back. */
  set(patch: Patch, how: "push" | "replace" = "push"): void {
    const href = join(this.#path, patched(this.#params, patch));
    if (how === "push") history.pushState(null, "", href);
    else history.replaceState(null, "", href);
    this.#read();
  }

  setRange(range: Range, how: "push" | "replace" = "push"): void {
    this.set(rangeToParams(range), how);
  }

  zoom(from: number, to: number): void {
    this.#wider.push(this.range);
    this.setRange(zoomTo(from, to));
  }

  /** Back to the range from before the zoom; without one, twice as wide. */
  stepOut(): void {
    this.setRange(this.#wider.pop() ?? widen(this.range, Date.now()));
  }

  #read(): void {
    this.#path = location.pathname;
    this.#params = new URLSearchParams(location.search);
  }
}

export const address = new Address();

/** Links of the page are followed without loading it again; everything a browser does with modifiers stays. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin || link.target !== "") return;
  if (pageOf(link.pathname) === "unknown" || link.hasAttribute("download")) return;
  event.preventDefault();
  address.go(link.pathname + link.search);
}
