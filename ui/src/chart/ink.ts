/**
 * The tokens of `tokens.css` as a canvas needs them: resolved for the theme that is on. A canvas does not
 * understand `light-dark()`, so an element that is not seen wears each token and is asked what came out.
 */
import { HUE_COUNT } from "./colour";

export interface Inks {
  readonly ink: string;
  readonly paper: string;
  readonly muted: string;
  readonly grid: string;
  readonly edge: string;
  readonly hues: readonly string[];
  readonly critical: string;
  readonly warning: string;
  readonly info: string;
  readonly font: string;
}

export function readInks(within: HTMLElement): Inks {
  const probe = document.createElement("span");
  probe.style.display = "none";
  within.append(probe);
  const resolved = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const style = getComputedStyle(within);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const inks: Inks = {
    ink: resolved("ink"),
    paper: resolved("paper"),
    muted: resolved("ink-muted"),
    grid: resolved("ink-line"),
    edge: resolved("ink-edge"),
    hues: Array.from({ length: HUE_COUNT }, (_, hue) => resolved(`hue-${hue}`)),
    critical: resolved("state-critical"),
    warning: resolved("state-warning"),
    info: resolved("accent"),
    font: `${Math.round(rem * 0.8)}px ${style.fontFamily}`,
  };
  probe.remove();
  return inks;
}

/** The same colour, fainter. Understands what `getComputedStyle` answers: `rgb(…)` and `rgba(…)`. */
export function fade(colour: string, alpha: number): string {
  const [red = "0", green = "0", blue = "0", own = "1"] = colour.match(/[\d.]+/g) ?? [];
  return `rgba(${red}, ${green}, ${blue}, ${Number(own) * alpha})`;
}
