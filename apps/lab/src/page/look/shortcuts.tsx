/** Keys, and the list of them. They can be switched off, for whoever's voice or switch types letters. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { toggleHealth, toggleRunning } from '../break/running.js';
import { type Lab, MINUTE, useLab } from '../lab/lab.js';
import { asTable } from '../picture/picture.js';
import { toggleTheme } from './theme.js';

interface Key {
  readonly keys: string;
  readonly does: string;
  readonly act?: (lab: Lab) => void;
}

const KEYS: readonly Key[] = [
  { keys: 'p', does: 'pause, or resume', act: (lab) => lab.togglePause() },
  { keys: 'z', does: 'leave the zoom: dragging in a plot zooms', act: (lab) => lab.span.set(MINUTE) },
  { keys: 't', does: 'the picture as a table, or as a drawing', act: () => asTable.set(!asTable.get()) },
  { keys: 'd', does: 'dark or light', act: toggleTheme },
  { keys: 'g', does: 'the guide', act: (lab) => lab.enter('guide') },
  { keys: 'b', does: 'break it', act: (lab) => lab.enter('break') },
  { keys: 'c', does: 'the service config', act: (lab) => lab.enter('config') },
  { keys: '1 … 9', does: 'stop that server, or start it again' },
  { keys: 'h, then 1 … 9', does: 'flip its health' },
  { keys: '?', does: 'this list' },
];

export function Shortcuts(): JSX.Element {
  const lab = useLab();
  const dialog = useRef<HTMLDialogElement>(null);
  const [areOn, switchOn] = useState(true);
  useEffect(() => {
    if (!areOn) return;
    let isHealth = false;
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialog.current?.open)
        return;
      const { key } = event;
      const server = /^[1-9]$/.test(key) ? lab.servers[Number(key) - 1] : undefined;
      if (server !== undefined) void lab.act(isHealth ? toggleHealth(server) : toggleRunning(server));
      isHealth = key === 'h';
      if (key === '?') dialog.current?.showModal();
      KEYS.find(({ keys, act }) => keys === key && act !== undefined)?.act?.(lab);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [lab, areOn]);
  return (
    <>
      <button
        type="button"
        class="for-keyboards"
        onClick={() => dialog.current?.showModal()}
        aria-label="Keys"
      >
        Keys <kbd>?</kbd>
      </button>
      <dialog ref={dialog} aria-labelledby="keys-title">
        <h2 id="keys-title">Keys</h2>
        <dl class="keys">
          {KEYS.map(({ keys, does }) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <label class="check">
          <input
            type="checkbox"
            checked={areOn}
            onChange={(event) => switchOn(event.currentTarget.checked)}
          />{' '}
          keys are on
        </label>
        <form method="dialog">
          <button type="submit" class="primary">
            Close
          </button>
        </form>
      </dialog>
    </>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input:not([type=checkbox]), textarea, select');
}
