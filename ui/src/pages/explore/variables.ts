/**
 * The few variables a query may hold, named as Grafana names them so that queries can be pasted over: the range of
 * the page for InfluxQL, and steps for both languages. An error's position is led back to the text as it was typed.
 */
import { formatDuration } from "../../time/duration";
import type { Window } from "../../time/range";
import { rateWindow } from "../../time/step";

export interface Substituted {
  readonly text: string;
  /** The place in the typed text for a place in the sent one. */
  readonly back: (index: number) => number;
}

export function substitute(typed: string, window: Window, stepMs: number): Substituted {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const values: Readonly<Record<string, string>> = {
    $timeFilter: `time >= '${iso(window.from)}' AND time <= '${iso(window.to)}'`,
    $__interval: formatDuration(stepMs),
    $interval: formatDuration(stepMs),
    $__rate_interval: formatDuration(rateWindow(stepMs)),
    $__range: formatDuration(window.to - window.from),
  };
  const edits: { readonly at: number; readonly wasLength: number; readonly length: number }[] = [];
  let grown = 0;
  const text = typed.replace(/\$(timeFilter|__interval|interval|__rate_interval|__range)\b/g, (name, _, at: number) => {
    const value = values[name] ?? name;
    edits.push({ at: at + grown, wasLength: name.length, length: value.length });
    grown += value.length - name.length;
    return value;
  });
  const back = (index: number): number => {
    let shift = 0;
    for (const edit of edits) {
      if (index < edit.at) break;
      if (index < edit.at + edit.length) return edit.at - shift;
      shift += edit.length - edit.wasLength;
    }
    return index - shift;
  };
  return { text, back };
}
