/** `watch`: a steady load and its live view; Ctrl-C, or the end of its duration, ends it with a summary. */
import { setLogger } from '@grpc/grpc-js';
import { oneLine } from '@petiole/service-config/internal';
import ansiEscapes from 'ansi-escapes';
import { createLogUpdate } from 'log-update';
import type { EchoChannelConfig } from '../channel/echo-channel.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { liveView } from './live-view.js';
import type { Load } from './load.js';
import { LoadSession } from './load-session.js';
import { loadSummary } from './load-summary.js';
import { secondLine } from './second-line.js';

export interface WatchOptions {
  readonly channel: EchoChannelConfig;
  readonly load: Load;
  /** Undefined: until Ctrl-C. */
  readonly durationMs: number | undefined;
  readonly interrupted: AbortSignal;
}

/** Resolves when it is over. The promise of a watch is small: somebody answered. */
export async function watch({ channel, load, durationMs, interrupted }: WatchOptions): Promise<ExitCode> {
  const session = new LoadSession(channel, load);
  const ends = durationMs === undefined ? [interrupted] : [interrupted, AbortSignal.timeout(durationMs)];
  const stopDrawing = process.stdout.isTTY ? drawFrames(session) : printSeconds(session);
  try {
    await session.run({ cancel: AbortSignal.any(ends) });
  } finally {
    stopDrawing();
    session.close();
  }
  const last = session.snapshot();
  console.log(loadSummary([{ ...last, slices: [] }]));
  // Ctrl-C is how a watch usually ends. pnpm, which takes any code but 0 for an error of its script, would say so below.
  const underPnpm = process.env.npm_lifecycle_event === 'start';
  if (interrupted.aborted && !underPnpm) return EXIT.interrupted;
  return last.total.answered > 0 ? EXIT.kept : EXIT.broken;
}

/** Eight frames a second, and one at each resize. */
const FRAME_MS = 125;

function drawFrames(session: LoadSession): () => void {
  const { stdout } = process;
  const update = createLogUpdate(stdout);
  let height = 0;
  const draw = (): void => {
    // A pseudo-terminal that nobody gave a size says 0.
    const frame = liveView(session.snapshot(), { columns: stdout.columns || 80, rows: stdout.rows || 24 });
    const lines = frame.split('\n').length;
    // log-update 7.2 moves no lines below a change: a frame of another height starts on clean ground.
    if (lines !== height) update.clear();
    height = lines;
    update(frame);
  };
  const redraw = (): void => {
    // The terminal has wrapped the old frame anew, so that no count of lines to erase is right.
    update.done();
    stdout.write(ansiEscapes.clearViewport);
    draw();
  };
  logToTimeline(session);
  draw();
  const timer = setInterval(draw, FRAME_MS);
  stdout.on('resize', redraw);
  return () => {
    clearInterval(timer);
    stdout.off('resize', redraw);
    draw();
    update.done();
  };
}

/** What grpc-js logs would tear the view apart on stderr. */
function logToTimeline(session: LoadSession): void {
  const log = (...parts: unknown[]): void => session.log(oneLine(parts.join(' ')));
  setLogger({ error: log, info: log, debug: log });
}

function printSeconds(session: LoadSession): () => void {
  let told = Number.NEGATIVE_INFINITY;
  const timer = setInterval(() => {
    const snapshot = session.snapshot();
    console.log(
      secondLine(
        snapshot,
        snapshot.timeline.filter(({ seconds }) => seconds > told),
      ),
    );
    told = snapshot.seconds;
  }, 1000);
  return () => clearInterval(timer);
}
