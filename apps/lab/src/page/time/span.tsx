/** Pause and zoom of the plots, the strip and the log. */
import type { JSX } from 'preact';
import { type Lab, MINUTE, useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { clock } from '../look/numbers.js';

const CHOICES_MS = [60_000, 300_000];

/** What to plot, in milliseconds on the lab's clock. */
export function shownTime(lab: Lab): { readonly from: number; readonly to: number } {
  const span = lab.span.get();
  return 'last' in span ? { from: Math.max(0, lab.shownAt - span.last), to: lab.shownAt } : span;
}

export function TimeTools(): JSX.Element {
  const lab = useLab();
  const span = useValue(lab.span);
  const isPaused = useValue(lab.pausedAt) !== undefined;
  return (
    <>
      {'from' in span ? (
        <button type="button" onClick={() => lab.span.set(MINUTE)}>
          Leave the zoom ({clock(span.from)}–{clock(span.to)})
        </button>
      ) : (
        <>
          <span class="hint for-mice">drag to zoom</span>
          <select
            aria-label="Time that the plots show"
            value={String(span.last)}
            onChange={(event) => lab.span.set({ last: Number(event.currentTarget.value) })}
          >
            {CHOICES_MS.map((ms) => (
              <option key={ms} value={ms}>
                {ms / 60_000} min
              </option>
            ))}
          </select>
        </>
      )}
      <button type="button" aria-pressed={isPaused} onClick={() => lab.togglePause()}>
        {isPaused ? 'Resume' : 'Pause'}
      </button>
    </>
  );
}
