/** The lines of the picture: as wide as the share that runs along them, red for the part of it that fails, dotted where no connection is. */
import type { JSX } from 'preact';
import type { ServerState } from '../../protocol.js';
import { useLab, useRenderAtBeat } from '../lab/lab.js';
import { useValue } from '../lab/value.js';
import { colourClass } from '../look/colours.js';
import { pathOf, type Wires } from './geometry.js';

const WIDEST = 14;

export function WireLines({ wires }: { readonly wires: Wires }): JSX.Element {
  const lab = useLab();
  useRenderAtBeat(5, 2);
  const { servers } = useValue(lab.state);
  const recent = lab.history.recent();
  return (
    <svg class="wires" width={wires.width} height={wires.height} aria-hidden="true">
      {servers.map((server) => {
        const { share = 0, failedShare = 0 } = recent.servers.get(server.id) ?? {};
        const width = share === 0 ? 1.5 : 2 + share * WIDEST;
        return (
          <Row
            key={server.id}
            server={server}
            wires={wires}
            width={width}
            failedWidth={failedShare === 0 ? 0 : Math.max(1.5, failedShare * width)}
          />
        );
      })}
    </svg>
  );
}

interface RowProps {
  readonly server: ServerState;
  readonly wires: Wires;
  readonly width: number;
  readonly failedWidth: number;
}

function Row({ server, wires, width, failedWidth }: RowProps): JSX.Element | null {
  const row = wires.rows.get(server.id);
  if (row === undefined) return null;
  const { endpoint } = server;
  const isReady = endpoint?.state === 'READY';
  return (
    <g class={colourClass(server.id)}>
      <path
        class={isReady ? 'wire ready' : 'wire'}
        d={pathOf(row.pick)}
        stroke-width={isReady ? width : 1.5}
      />
      {failedWidth > 0 && <path class="wire failed" d={pathOf(row.pick)} stroke-width={failedWidth} />}
      {[...row.addresses].map(([address, curve]) => {
        const isConnected = address === endpoint?.connected;
        const [, , , end] = curve;
        return (
          <g key={address}>
            <path
              class={isConnected ? 'wire ready' : 'wire'}
              d={pathOf(curve)}
              stroke-width={isConnected ? Math.min(width, 6) : 1.5}
            />
            {!server.addresses.includes(address) && (
              <path class="refused" d={`M${end.x - 12} ${end.y - 4}l8 8m0 -8l-8 8`} />
            )}
          </g>
        );
      })}
    </g>
  );
}
