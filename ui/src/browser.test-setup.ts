/** What jsdom lacks of a browser, for the unit tests: media queries and resize observers that never report. */

if (globalThis.matchMedia === undefined) {
  globalThis.matchMedia = (query: string): MediaQueryList =>
    Object.assign(new EventTarget(), {
      matches: false,
      media: query,
      onchange: null,
      addListener: () => undefined,
      removeListener: () => undefined,
    }) as MediaQueryList;
}

class QuietResizeObserver implements ResizeObserver {
  observe(): void {
    // jsdom lays nothing out, so nothing ever changes its size.
  }

  unobserve(): void {
    // Nothing is observed.
  }

  disconnect(): void {
    // Nothing is observed.
  }
}

globalThis.ResizeObserver ??= QuietResizeObserver;
