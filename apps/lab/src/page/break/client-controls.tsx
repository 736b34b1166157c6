/** What the client sends, and what it does when an attempt fails or takes long. */
import type { JSX } from 'preact';
import type { LoadSettings } from '../../protocol.js';
import { format, parseObject } from '../config/json.js';
import { type Attempts, attemptsOf, HEDGING, RETRIES, withAttempts } from '../config/service-config.js';
import { useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { Panel } from '../look/panel.js';
import { NumberInput } from './number-input.js';

/** What the client does about an attempt, by its name in the choice. */
const CHOICES = { one: { kind: 'one' }, retries: RETRIES, hedging: HEDGING } as const;

export function ClientControls(): JSX.Element {
  const lab = useLab();
  const { client } = useValue(lab.state);
  const { load } = client;
  const config = parseObject(client.serviceConfig) ?? {};
  const attempts = attemptsOf(config);
  const set = (settings: Partial<LoadSettings>): void => void lab.act({ do: 'set-load', ...settings });
  const setAttempts = (next: Attempts): void =>
    void lab.act({ do: 'set-service-config', json: format(withAttempts(config, next)) });
  return (
    <Panel part="client" title="Client">
      <NumberInput
        label="RPCs a second"
        caption="rate"
        unit="/s"
        value={load.rate}
        bound={lab.bounds.rate}
        scale="fine"
        set={(rate) => set({ rate })}
      />
      <NumberInput
        label="Most RPCs in flight"
        caption="in flight"
        unit=""
        value={load.concurrency}
        bound={lab.bounds.concurrency}
        scale="fine"
        set={(concurrency) => set({ concurrency })}
      />
      <div class="choices">
        <label>
          RPCs are{' '}
          <select
            value={load.kind}
            onChange={({ currentTarget: { value } }) =>
              set({ kind: value === 'streams' ? 'streams' : 'unary' })
            }
          >
            <option value="unary">unary</option>
            <option value="streams">streams</option>
          </select>
        </label>
        <label>
          Retries and hedging{' '}
          <select
            value={attempts.kind}
            onChange={({ currentTarget: { value } }) => {
              if (value === 'one' || value === 'retries' || value === 'hedging') setAttempts(CHOICES[value]);
            }}
          >
            <option value="one">none</option>
            <option value="retries">retries: up to 3 attempts, on UNAVAILABLE</option>
            <option value="hedging">hedging: a second attempt after 50 ms</option>
            {attempts.kind === 'other' && <option value="other">as methodConfig says</option>}
          </select>
        </label>
      </div>
    </Panel>
  );
}
