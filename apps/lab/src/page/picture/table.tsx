/** The picture as a table. */
import type { JSX } from 'preact';
import { useLab, useRenderAtBeat } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { Chip } from '../look/chip.js';
import { age, milliseconds, percent, rate } from '../look/numbers.js';
import { StateBadge } from './cards.js';
import { OVER_WHICH_TIME } from './legend.js';
import { traitsOf } from './traits.js';

export function Table(): JSX.Element {
  const lab = useLab();
  useRenderAtBeat(5);
  const { servers, client } = useValue(lab.state);
  const recent = lab.history.recent();
  const { inFlight = 0, p50, p99 } = lab.history.latest ?? {};
  return (
    <div class="scrolls">
      <table>
        <caption>
          The client is {client.state} with the policy {client.policy}: {rate(recent.startedPerSecond)} RPCs a
          second, {inFlight} in flight, {percent(recent.failedShare)} failed, p50 {milliseconds(p50)}, p99{' '}
          {milliseconds(p99)}; {percent(recent.repeatedShare)} tried again,{' '}
          {recent.attemptsPerRpc?.toFixed(2) ?? '–'} attempts per RPC. {OVER_WHICH_TIME}
        </caption>
        <thead>
          <tr>
            {[
              'Server',
              'State',
              'Share',
              'Failed',
              'In flight',
              'Waiting for a stream',
              'p50',
              'p99',
              'Health',
              'Its server',
              'Since',
              'Why',
              'Addresses',
            ].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {servers.map((server) => {
            const { id, endpoint, phase } = server;
            const latest = lab.history.latestOf(id);
            return (
              <tr key={id}>
                <th scope="row">
                  <Chip id={id} />
                </th>
                <td>{endpoint === undefined ? '–' : <StateBadge state={endpoint.state} />}</td>
                <td class="number">{percent(recent.servers.get(id)?.share ?? 0)}</td>
                <td class="number">{percent(recent.servers.get(id)?.failedShare ?? 0)}</td>
                <td class="number">{latest?.inFlight ?? 0}</td>
                <td class="number">{latest?.waiting ?? 0}</td>
                <td class="number">{milliseconds(latest?.p50)}</td>
                <td class="number">{milliseconds(latest?.p99)}</td>
                <td>{endpoint?.health ?? '–'}</td>
                <td>{[phase, ...traitsOf(server)].join(', ')}</td>
                <td>{endpoint === undefined ? '–' : age(lab.now - endpoint.since)}</td>
                <td class="wraps">{endpoint?.reason || '–'}</td>
                <td>
                  {(endpoint?.name.split('+') ?? server.addresses).map((address) => (
                    <div key={address}>
                      {address}
                      {address === endpoint?.connected && ' (connected)'}
                    </div>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
