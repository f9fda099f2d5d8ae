/**
 * What all charts of a page share: the instant under the pointer. uPlot moves the line on every chart;
 * the tables read the instant here and show their values at it.
 */

/** The key under which uPlot joins the cursors of all charts. */
export const SYNC_KEY = "page";

class Pointer {
  /** Milliseconds, or null where no chart is pointed at. */
  at: number | null = $state(null);
}

export const pointer = new Pointer();
