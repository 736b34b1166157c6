/** Client, endpoints and servers, and the RPCs between them; or the same as a table. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useBeat, useLab } from '../lab/lab.js';
import { useValue, Value } from '../lab/value.js';
import { useCanvasSize } from '../look/canvas.js';
import { Panel } from '../look/panel.js';
import { ClientCard, EndpointCard, ServerCard } from './cards.js';
import { Dots } from './dots.js';
import { measure, type Wires } from './geometry.js';
import { Legend } from './legend.js';
import { Table } from './table.js';
import { WireLines } from './wires.js';

/** With more servers than these, a row is a line. */
const MOST_TALL = 5;

export const asTable = new Value(false);

export function Picture(): JSX.Element {
  const isTable = useValue(asTable);
  return (
    <Panel
      part="picture"
      title="Where RPCs go"
      tools={
        <button type="button" aria-pressed={isTable} onClick={() => asTable.set(!isTable)}>
          Table
        </button>
      }
    >
      {isTable ? (
        <Table />
      ) : (
        <>
          <Drawing />
          <Legend />
        </>
      )}
    </Panel>
  );
}

function Drawing(): JSX.Element {
  const lab = useLab();
  const { servers } = useValue(lab.state);
  const place = useRef<HTMLDivElement>(null);
  const wires = useWires(place, servers.map(({ id, endpoint }) => `${id} ${endpoint?.name}`).join());
  return (
    <div ref={place} class={servers.length > MOST_TALL ? 'picture dense' : 'picture'}>
      {wires !== undefined && <WireLines wires={wires} />}
      <ClientCard />
      <ol class="rows" aria-label="Endpoints and their servers">
        {servers.map((server) => (
          <li key={server.id} data-server={server.id}>
            <EndpointCard server={server} />
            <ServerCard server={server} />
          </li>
        ))}
      </ol>
      {wires !== undefined && <Flow wires={wires} />}
    </div>
  );
}

/** The lines, measured again when the picture has another size or other rows. */
function useWires(place: { readonly current: HTMLElement | null }, rows: string): Wires | undefined {
  const [wires, setWires] = useState<Wires>();
  useEffect(() => {
    const picture = place.current;
    if (picture === null) return;
    const observer = new ResizeObserver(() => setWires(measure(picture)));
    observer.observe(picture);
    for (const card of picture.querySelectorAll('.client, .endpoint')) observer.observe(card);
    return () => observer.disconnect();
  }, [place, rows]);
  return wires;
}

/** The dots, drawn at each frame while there are any; not at all for who prefers reduced motion. */
function Flow({ wires }: { readonly wires: Wires }): JSX.Element {
  const lab = useLab();
  const canvas = useRef<HTMLCanvasElement>(null);
  const dots = useRef(new Dots());
  const isStill = useStillness();
  useCanvasSize(canvas);
  useBeat(
    useCallback(() => {
      if (lab.history.latest !== undefined && !isStill)
        dots.current.add(lab.history.latest, performance.now());
    }, [lab, isStill]),
    1,
  );
  useEffect(() => {
    let frame = 0;
    const draw = (now: number): void => {
      if (canvas.current !== null && !dots.current.isEmpty)
        dots.current.draw(canvas.current, wires, lab.servers, now);
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [lab, wires]);
  return (
    <div class="flow" aria-hidden="true">
      <canvas ref={canvas} />
    </div>
  );
}

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

function useStillness(): boolean {
  const [isStill, setStill] = useState(stillness.matches);
  useEffect(() => {
    const change = (): void => setStill(stillness.matches);
    stillness.addEventListener('change', change);
    return () => stillness.removeEventListener('change', change);
  }, []);
  return isStill;
}
