/** The cards of the picture: the client, an endpoint as the client sees it, a server as it was told to be. */
import type { JSX } from 'preact';
import type { EndpointView, ServerState } from '../../protocol.js';
import { isRunning, toggleRunning } from '../break/running.js';
import { useLab, useRenderAtBeat } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { Chip } from '../look/chip.js';
import { age, milliseconds, percent, rate } from '../look/numbers.js';
import { traitsOf } from './traits.js';

export function ClientCard(): JSX.Element {
  const lab = useLab();
  useRenderAtBeat(3);
  const { client } = useValue(lab.state);
  const { startedPerSecond, failedShare, repeatedShare, attemptsPerRpc } = lab.history.recent();
  const { inFlight = 0, p50, p99 } = lab.history.latest ?? {};
  return (
    <div class="client card">
      <h3>Client</h3>
      <p class="policy-name">{client.policy}</p>
      <p>
        <StateBadge state={client.state} />
      </p>
      <dl class="figures">
        <Figure name="rate" value={`${rate(startedPerSecond)}/s`} />
        <Figure name="in flight" value={String(inFlight)} />
        <Figure name="failed" value={percent(failedShare)} isBad={failedShare > 0} />
        <Figure name="p50" value={milliseconds(p50)} />
        <Figure name="p99" value={milliseconds(p99)} />
        <Figure
          name="tried again"
          about="RPCs that took more than one attempt, by retries or hedging"
          value={percent(repeatedShare)}
        />
        <Figure name="attempts" about="per RPC" value={attemptsPerRpc?.toFixed(2) ?? '–'} />
      </dl>
    </div>
  );
}

export function EndpointCard({ server }: { readonly server: ServerState }): JSX.Element {
  const { id, endpoint } = server;
  return (
    <div class={`endpoint card state-${endpoint?.state ?? 'UNNAMED'}`}>
      <div class="headline">
        <h3 class="unseen">Endpoint {id}</h3>
        <Chip id={id} />
        {endpoint === undefined ? (
          <span class="hint">not named by the resolver</span>
        ) : (
          <Since endpoint={endpoint} />
        )}
      </div>
      {endpoint !== undefined && (
        <p class="reason" title={endpoint.reason}>
          {endpoint.reason}
        </p>
      )}
      {endpoint !== undefined && (
        <div class="addresses" title={endpoint.name}>
          {endpoint.name.split('+').map((address) => (
            <Address key={address} address={address} endpoint={endpoint} />
          ))}
        </div>
      )}
      <EndpointFigures server={server} />
    </div>
  );
}

function Since({ endpoint: { state, since } }: { readonly endpoint: EndpointView }): JSX.Element {
  const lab = useLab();
  useRenderAtBeat(5, 1);
  return (
    <>
      <StateBadge state={state} />
      <span class="since">{age(lab.now - since)}</span>
    </>
  );
}

interface AddressProps {
  readonly address: string;
  readonly endpoint: EndpointView;
}

function Address({ address, endpoint }: AddressProps): JSX.Element {
  const isConnected = address === endpoint.connected;
  return (
    <span class={isConnected ? 'address connected' : 'address'} data-address={address}>
      {isConnected && <b title="connected">▸</b>}
      {address}
    </span>
  );
}

function EndpointFigures({ server }: { readonly server: ServerState }): JSX.Element {
  const lab = useLab();
  useRenderAtBeat(3, 1);
  const { id, endpoint, streamLimit } = server;
  const health = endpoint?.health;
  const recent = lab.history.recent().servers.get(id);
  const latest = lab.history.latestOf(id);
  return (
    <dl class="figures">
      <Figure name="share" value={percent(recent?.share ?? 0)} isMain />
      <Figure name="in flight" value={String(latest?.inFlight ?? 0)} />
      {streamLimit !== undefined && (
        <Figure
          name="waiting"
          about="of those in flight, for a stream: the server allows no more on a connection"
          value={String(latest?.waiting ?? 0)}
          isBad={(latest?.waiting ?? 0) > 0}
        />
      )}
      <Figure
        name="failed"
        about="of its attempts"
        value={percent(recent?.failedShare ?? 0)}
        isBad={(recent?.failedShare ?? 0) > 0}
      />
      <Figure name="p50" value={milliseconds(latest?.p50)} />
      <Figure name="p99" value={milliseconds(latest?.p99)} />
      <Figure name="health" value={health ?? '–'} isBad={health === 'NOT_SERVING'} />
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  /** What the name has no room for. */
  readonly about?: string;
  readonly value: string;
  readonly isBad?: boolean;
  readonly isMain?: boolean;
}

function Figure({ name, about, value, isBad, isMain }: FigureProps): JSX.Element {
  return (
    <div class={`figure ${name.replace(' ', '-')}${isMain ? ' main' : ''}`} title={about}>
      <dt>{name}</dt>
      <dd class={isBad ? 'bad' : undefined}>{value}</dd>
    </div>
  );
}

export function StateBadge({ state }: { readonly state: string }): JSX.Element {
  return <span class={`state state-${state}`}>{state}</span>;
}

export function ServerCard({ server }: { readonly server: ServerState }): JSX.Element {
  const lab = useLab();
  const { id, phase, addresses, problem } = server;
  return (
    <div class={`server card phase-${phase}`}>
      <div class="headline">
        <h3>Server {id}</h3>
        <span class={`phase phase-${phase}`}>{phase}</span>
        <button
          type="button"
          class="small"
          aria-label={`${isRunning(server) ? 'Stop' : 'Start'} server ${id}`}
          disabled={phase === 'starting'}
          onClick={() => void lab.act(toggleRunning(server))}
        >
          {isRunning(server) ? 'Stop' : 'Start'}
        </button>
      </div>
      <p class="listens">{addresses.join(' ')}</p>
      <p class="traits" title={[...(problem === undefined ? [] : [problem]), ...traitsOf(server)].join(', ')}>
        {problem !== undefined && <span class="trait bad">{problem}</span>}
        {traitsOf(server).map((trait) => (
          <span key={trait} class="trait">
            {trait}
          </span>
        ))}
      </p>
    </div>
  );
}
