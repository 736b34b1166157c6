/** What happened, the newest first, with filters by kind and server. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { LabEvent } from '../../protocol.js';
import { useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { Chip } from '../look/chip.js';
import { clock } from '../look/numbers.js';
import { Panel } from '../look/panel.js';
import { type Filter, matches } from './filter.js';

const KINDS: readonly LabEvent['kind'][] = [
  'connectivity',
  'health',
  'resolver',
  'server',
  'client',
  'failure',
  'log',
];

/** As many lines as anybody scrolls through. */
const MOST_LINES = 200;

export function Log(): JSX.Element {
  const lab = useLab();
  const events = useValue(lab.events);
  const pausedAt = useValue(lab.pausedAt);
  const span = useValue(lab.span);
  const { servers } = useValue(lab.state);
  const [chosen, choose] = useState<Pick<Filter, 'kind' | 'server'>>({});
  const zoom = 'from' in span ? span : { from: 0, to: pausedAt ?? Number.POSITIVE_INFINITY };
  const shown = events.filter((event) => matches(event, { ...chosen, ...zoom })).slice(-MOST_LINES);
  return (
    <Panel
      part="log"
      title="What happened"
      tools={
        <>
          <select
            aria-label="Kind of event"
            value={chosen.kind ?? ''}
            onChange={({ currentTarget: { value } }) => {
              const kind = KINDS.find((known) => known === value);
              choose({ ...(kind && { kind }), ...(chosen.server && { server: chosen.server }) });
            }}
          >
            <option value="">all kinds</option>
            {KINDS.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
          <select
            aria-label="Server of the event"
            value={String(chosen.server ?? '')}
            onChange={({ currentTarget: { value } }) =>
              choose({ ...(chosen.kind && { kind: chosen.kind }), ...(value && { server: Number(value) }) })
            }
          >
            <option value="">all servers</option>
            {servers.map(({ id }) => (
              <option key={id} value={id}>
                server {id}
              </option>
            ))}
          </select>
        </>
      }
    >
      <ol class="log" aria-label="Events, the newest first">
        {shown.toReversed().map((event) => (
          <li key={event.number} class={`event kind-${event.kind}`}>
            <time>{clock(event.at)}</time>
            <span class="kind">{event.kind}</span>
            <span class="of">{event.server === undefined ? '' : <Chip id={event.server} />}</span>
            <span class="text">{event.text}</span>
          </li>
        ))}
      </ol>
      {shown.length === 0 && <p class="hint">Nothing of that kind happened.</p>}
    </Panel>
  );
}
