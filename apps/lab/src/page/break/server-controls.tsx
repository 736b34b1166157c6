/** The servers, and all that can be done to each. */
import type { JSX } from 'preact';
import { type Action, RPC_TIMEOUT_MS, type ServerState } from '../../protocol.js';
import { useLab } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { Chip } from '../look/chip.js';
import { Panel } from '../look/panel.js';
import { NumberInput } from './number-input.js';
import { isRunning, toggleFrozen, toggleHealth, toggleRunning } from './running.js';
import { TypedField } from './typed-field.js';

export function ServerControls(): JSX.Element {
  const lab = useLab();
  const { servers } = useValue(lab.state);
  return (
    <Panel
      part="servers"
      title="Servers"
      tools={
        <button
          type="button"
          disabled={servers.length >= lab.bounds.servers.max}
          onClick={() => void lab.act({ do: 'add-server' })}
        >
          Add a server
        </button>
      }
    >
      <ul class="server-list">
        {servers.map((server) => (
          <OneServer key={server.id} server={server} />
        ))}
      </ul>
    </Panel>
  );
}

function OneServer({ server }: { readonly server: ServerState }): JSX.Element {
  const lab = useLab();
  const { id, phase, healthy, dualStack, delayMs, errorRate, streamLimit } = server;
  const { bounds } = lab;
  const act = (action: Action) => (): void => void lab.act(action);
  const set = (settings: Omit<Extract<Action, { do: 'set-server' }>, 'do' | 'server'>): void =>
    void lab.act({ do: 'set-server', server: id, ...settings });
  return (
    <li class="server-controls" aria-label={`Server ${id}`}>
      <div class="headline">
        <Chip id={id} />
        <span class={`phase phase-${phase}`}>{phase}</span>
        <div class="tools">
          <Named server={id} does={isRunning(server) ? 'Stop' : 'Start'} act={act(toggleRunning(server))} />
          <Named
            server={id}
            does={phase === 'frozen' ? 'Thaw' : 'Freeze'}
            disabled={phase !== 'frozen' && phase !== 'serving'}
            act={act(toggleFrozen(server))}
          />
          <Named
            server={id}
            does="Remove"
            disabled={lab.servers.length <= bounds.servers.min}
            act={act({ do: 'remove', server: id })}
          />
        </div>
      </div>
      <NumberInput
        label={`Delay of server ${id}`}
        caption="delay"
        unit="ms"
        value={delayMs}
        bound={bounds.delayMs}
        scale="fine"
        remark={(ms) =>
          ms >= RPC_TIMEOUT_MS
            ? `All RPCs to it fail: the client waits ${RPC_TIMEOUT_MS / 1_000} s for an answer.`
            : undefined
        }
        set={(ms) => set({ delayMs: ms })}
      />
      <NumberInput
        label={`Error rate of server ${id}`}
        caption="errors"
        unit="%"
        value={Math.round(errorRate * 100)}
        bound={{ min: bounds.errorRate.min * 100, max: bounds.errorRate.max * 100 }}
        scale="linear"
        set={(percents) => set({ errorRate: percents / 100 })}
      />
      <div class="choices">
        <label class="check">
          <input
            type="checkbox"
            checked={healthy}
            onChange={act(toggleHealth(server))}
            aria-label={`Server ${id} is healthy`}
          />{' '}
          healthy
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={dualStack}
            onChange={() => set({ dualStack: !dualStack })}
            aria-label={`Server ${id} is dual-stack`}
          />{' '}
          dual-stack
        </label>
        <label class="check" for={`stream-limit-${id}`}>
          stream limit{' '}
          <TypedField
            id={`stream-limit-${id}`}
            class="narrow"
            min={bounds.streamLimit.min}
            max={bounds.streamLimit.max}
            placeholder="none"
            value={streamLimit ?? ''}
            aria-label={`Stream limit of server ${id}`}
            enter={({ value }) => set({ streamLimit: value === '' ? null : Number(value) })}
          />
        </label>
      </div>
    </li>
  );
}

interface NamedProps {
  readonly does: string;
  readonly server: number;
  readonly disabled?: boolean;
  readonly act: () => void;
}

/** A button that says to a screen reader which server it is about. */
function Named({ does, server, disabled = false, act }: NamedProps): JSX.Element {
  return (
    <button
      type="button"
      class="small"
      aria-label={`${does} server ${server}`}
      disabled={disabled}
      onClick={act}
    >
      {does}
    </button>
  );
}
