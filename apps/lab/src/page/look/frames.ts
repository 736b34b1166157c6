/**
 * How long frames take, for the tests: in the last ten seconds, how far frames were apart, and how much of that the main
 * thread was busy from the beginning of a frame until its layout was done. Read by `labFrames()`.
 */
export interface Frames {
  readonly count: number;
  readonly seconds: number;
  /** Between the beginnings of two frames, in milliseconds. */
  readonly apart: { readonly median: number; readonly p95: number };
  /** Script, style and layout of a frame, in milliseconds. */
  readonly busy: { readonly median: number; readonly p95: number };
}

declare global {
  interface Window {
    labFrames?: () => Promise<Frames>;
  }
}

const MEASURED_MS = 10_000;

window.labFrames = measureFrames;

/** Measures for ten seconds. */
function measureFrames(): Promise<Frames> {
  const apart: number[] = [];
  const busy: number[] = [];
  const channel = new MessageChannel();
  return new Promise((resolve) => {
    let begun = performance.now();
    const first = begun;
    // A message that is posted in a frame is received once the frame is drawn.
    channel.port1.onmessage = () => busy.push(performance.now() - begun);
    const frame = (): void => {
      const now = performance.now();
      apart.push(now - begun);
      begun = now;
      if (now - first > MEASURED_MS) {
        channel.port1.close();
        resolve({
          count: apart.length,
          seconds: (now - first) / 1_000,
          apart: spread(apart),
          busy: spread(busy),
        });
        return;
      }
      channel.port2.postMessage(undefined);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

function spread(values: readonly number[]): { readonly median: number; readonly p95: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  return { median: at(0.5), p95: at(0.95) };
}
