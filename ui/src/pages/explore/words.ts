/** The words the editor suggests, brought from the server and kept for as long as they are likely to be right. */
import { queryInflux } from "../../api/influx";
import { labelNames, labelValues, selector } from "../../api/prometheus";
import { metrics } from "../../frame/metrics.svelte";
import { type Place, builtIns } from "./complete";
import type { Language } from "./tokens";

const KEPT_MS = 30_000;

interface Kept {
  readonly at: number;
  readonly words: Promise<readonly string[]>;
}

const kept = new Map<string, Kept>();

/** Suggestions are a help: where they fail there are none, and nothing is said. */
function remembered(key: string, ask: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const old = kept.get(key);
  if (old !== undefined && Date.now() - old.at < KEPT_MS) return old.words;
  const words = ask().catch(() => {
    kept.delete(key);
    return [];
  });
  kept.set(key, { at: Date.now(), words });
  return words;
}

async function measurements(database: string): Promise<readonly string[]> {
  const { tables } = await queryInflux("SHOW MEASUREMENTS", database);
  return tables.flatMap(({ rows }) => rows.map((row) => String(row[0])));
}

export async function wordsAt(place: Place, language: Language, database: string): Promise<readonly string[]> {
  const match = place.metric === "" ? undefined : selector(place.metric, {});
  switch (place.kind) {
    case "label": {
      const names = await remembered(`labels ${match ?? ""}`, () => labelNames(match));
      return names.filter((name) => name !== "__name__");
    }
    case "value":
      return remembered(`values ${place.label} ${match ?? ""}`, () => labelValues(place.label, match));
    case "measurement":
      return remembered(`measurements ${database}`, () => measurements(database));
    case "name":
      if (language === "influxql") return builtIns("influxql");
      await metrics.want();
      return [...metrics.names, ...builtIns("promql")];
  }
}
