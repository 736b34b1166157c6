/** Tells screen readers what changes: states, health and servers, a sentence a second at most. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LabEvent } from '../../protocol.js';
import { useLab } from '../lab/lab.js';

const TOLD: readonly LabEvent['kind'][] = ['connectivity', 'health', 'server'];
const PAUSE_MS = 1_000;
/** More at once are counted only. */
const MOST = 3;

export function Announcer(): JSX.Element {
  const lab = useLab();
  const [said, say] = useState('');
  const last = useRef(lab.events.get().at(-1)?.number ?? 0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = (): void => {
      timer = undefined;
      const fresh = lab.events
        .get()
        .filter(({ number, kind }) => number > last.current && TOLD.includes(kind));
      last.current = lab.events.get().at(-1)?.number ?? 0;
      if (fresh.length > MOST) say(`${fresh.length} changes of servers and endpoints.`);
      else if (fresh.length > 0) say(fresh.map(sentence).join(' '));
    };
    const unsubscribe = lab.events.subscribe(() => {
      timer ??= setTimeout(tell, PAUSE_MS);
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [lab]);
  return (
    <div class="unseen" aria-live="polite" role="log" aria-label="Changes">
      {said}
    </div>
  );
}

function sentence({ server, text }: LabEvent): string {
  return `${server === undefined ? '' : `Server ${server}: `}${text}.`;
}
