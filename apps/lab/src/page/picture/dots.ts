/** Attempts as dots that run from the client to the servers. There are never more than some hundreds: each stands for one or more of them. */
import type { ServerState, Tick } from '../../protocol.js';
import { clear } from '../look/canvas.js';
import { colour, colourOf } from '../look/colours.js';
import { type Curve, pointOn, type Wires } from './geometry.js';

/** In one tick: as many as can be told apart. */
const MOST_AT_ONCE = 24;
const MOST = 240;
const TICK_MS = 100;
const TRAVEL_MS = 900;
/** The part of the way at which an attempt that no endpoint takes falls off. */
const FALL = 0.28;
const RADIUS = 3.2;

interface Dot {
  readonly bornAt: number;
  readonly server: number;
  readonly failed: boolean;
}

export class Dots {
  #dots: Dot[] = [];

  /** Lets the attempts of a tick set out, spread over the time until the next one. */
  add(tick: Tick, now: number): void {
    const each = tick.servers.flatMap(({ id, ok, failed }) => [
      ...Array.from({ length: Math.min(ok, MOST_AT_ONCE) }, () => ({ server: id, failed: false })),
      ...Array.from({ length: Math.min(failed, MOST_AT_ONCE) }, () => ({ server: id, failed: true })),
    ]);
    const lost = Array.from({ length: Math.min(tick.unplaced, MOST_AT_ONCE) }, () => ({
      server: 0,
      failed: true,
    }));
    const all = [...each, ...lost];
    const stride = Math.max(1, all.length / MOST_AT_ONCE);
    for (let next = 0; next < all.length && this.#dots.length < MOST; next += stride) {
      const dot = all[Math.floor(next)];
      if (dot !== undefined) this.#dots.push({ ...dot, bornAt: now + (next / all.length) * TICK_MS });
    }
  }

  get isEmpty(): boolean {
    return this.#dots.length === 0;
  }

  draw(canvas: HTMLCanvasElement, wires: Wires, servers: readonly ServerState[], now: number): void {
    const surface = clear(canvas);
    if (surface === undefined) return;
    const { context } = surface;
    const connected = new Map(servers.map(({ id, endpoint }) => [id, endpoint?.connected]));
    const bad = colour('bad');
    this.#dots = this.#dots.filter(({ bornAt }) => now - bornAt < TRAVEL_MS);
    for (const { bornAt, server, failed } of this.#dots) {
      const part = (now - bornAt) / TRAVEL_MS;
      if (part < 0) continue;
      const row = server === 0 ? wires.rows.values().next().value : wires.rows.get(server);
      if (row === undefined) continue;
      const isLost = server === 0;
      const second = isLost ? undefined : row.addresses.get(connected.get(server) ?? '');
      const { x, y } = isLost ? fallen(row.pick, part) : placeOn(row.pick, second, part);
      context.fillStyle = isLost || (failed && part > 0.5) ? bad : colourOf(server);
      context.beginPath();
      context.arc(x, y, RADIUS, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

/** The first half of the way leads to the endpoint, the second one to its server. */
function placeOn(pick: Curve, second: Curve | undefined, part: number): { x: number; y: number } {
  if (second === undefined) return pointOn(pick, Math.min(1, part * 1.6));
  return part < 0.6 ? pointOn(pick, part / 0.6) : pointOn(second, (part - 0.6) / 0.4);
}

function fallen(pick: Curve, part: number): { x: number; y: number } {
  const along = pointOn(pick, Math.min(part, FALL));
  return { x: along.x, y: along.y + Math.max(0, part - FALL) ** 2 * 90 };
}
