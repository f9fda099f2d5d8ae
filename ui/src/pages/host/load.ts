/** Asks for one panel of the host page and puts its series together: names, colours, order, side. */
import { queryRange } from "../../api/prometheus";
import type { Picture } from "../../chart/picture";
import { type Series, canonical } from "../../chart/series";
import { formatDuration } from "../../time/duration";
import type { Window } from "../../time/range";
import { rateWindow } from "../../time/step";
import type { Panel, PanelQuery } from "./panels";

/** Many people watch the same dashboard: an answer this many seconds old may be shared. */
const MAX_AGE_SECONDS = 5;

export interface PanelWish {
  readonly host: string;
  readonly window: Window;
  readonly stepMs: number;
  readonly live: boolean;
  readonly signal: AbortSignal;
}

function dress(series: Series, query: PanelQuery): Series {
  return {
    ...series,
    key: `${query.side ?? "up"} ${canonical(series.labels)} ${query.name(series.labels)}`,
    name: query.name(series.labels),
    hueKey: query.hue(series.labels),
    ...(query.side === undefined ? {} : { side: query.side }),
  };
}

function isFlatZero(series: Series): boolean {
  return series.values.every((value) => value === null || value === 0);
}

export function arrange(panel: Panel, all: readonly Series[]): Series[] {
  const place = (series: Series): number => {
    const index = panel.order.indexOf(series.name);
    return index < 0 ? panel.order.length : index;
  };
  const moving = all.filter((series) => !isFlatZero(series));
  const keepsAll = panel.zeros === "keep" || (panel.zeros === "drop beside others" && moving.length === 0);
  return (keepsAll ? [...all] : moving).sort((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1));
}

export async function loadPanel(panel: Panel, wish: PanelWish): Promise<Picture> {
  const scope = { host: wish.host, rate: formatDuration(rateWindow(wish.stepMs)) };
  const answers = await Promise.all(
    panel.queries.map(async (query) => {
      const { value } = await queryRange({
        query: query.expr(scope),
        window: wish.window,
        stepMs: wish.stepMs,
        live: wish.live,
        maxAge: MAX_AGE_SECONDS,
        signal: wish.signal,
      });
      return value.series.map((series) => dress(series, query));
    }),
  );
  return { series: arrange(panel, answers.flat()), window: wish.window, stepMs: wish.stepMs };
}
