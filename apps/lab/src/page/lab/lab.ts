/** All that the page knows of the lab, and what its parts agree on: what is paused, zoomed to and pointed at. */
import { createContext } from 'preact';
import { useContext, useEffect } from 'preact/hooks';
import {
  type Action,
  type Bounds,
  KEPT_EVENTS,
  KEPT_MARKS,
  type LabEvent,
  type Mark,
  type Message,
  type PolicyDescription,
  type ServerState,
  type State,
  type Whole,
} from '../../protocol.js';
import type { Connection } from './connection.js';
import { History } from './history.js';
import { useRender, Value } from './value.js';

/** Parts of the page that a guide can point at. */
export type Part = 'picture' | 'strip' | 'share' | 'latency' | 'log' | 'config' | 'servers' | 'client';
export type Tab = 'guide' | 'break' | 'config';

/** What the plots show: the newest time of a length, or a time that somebody zoomed to. In milliseconds. */
export type Span = { readonly last: number } | { readonly from: number; readonly to: number };

export const MINUTE: Span = { last: 60_000 };

export class Lab {
  readonly connection: Connection;
  readonly state: Value<State>;
  readonly events: Value<readonly LabEvent[]>;
  readonly marks: Value<readonly Mark[]>;
  /** Ticks so far. */
  readonly beat = new Value(0);
  /** When plots, strip and log were stopped. */
  readonly pausedAt = new Value<number | undefined>(undefined);
  readonly span = new Value<Span>(MINUTE);
  readonly tab = new Value<Tab>('guide');
  readonly pointedAt = new Value<readonly Part[]>([]);
  /** The service config as somebody is writing it; undefined: as the channel has it. */
  readonly draft = new Value<string | undefined>(undefined);
  /** Why the last action was not done. */
  readonly refusal = new Value<string | undefined>(undefined);
  readonly policies: readonly PolicyDescription[];
  readonly bounds: Bounds;
  history = new History();

  constructor(connection: Connection, whole: Whole) {
    this.connection = connection;
    this.policies = whole.policies;
    this.bounds = whole.bounds;
    this.state = new Value(whole.state);
    this.events = new Value(whole.events);
    this.marks = new Value(whole.marks);
    for (const tick of whole.ticks) this.history.add(tick);
  }

  hear(message: Message): void {
    switch (message.kind) {
      case 'whole': {
        const { state, ticks, events, marks } = message.whole;
        this.history = new History();
        for (const tick of ticks) this.history.add(tick);
        this.state.set(state);
        this.events.set(events);
        this.marks.set(marks);
        break;
      }
      case 'state':
        this.state.set(message.state);
        break;
      case 'tick':
        this.history.add(message.tick);
        this.beat.set(this.beat.get() + 1);
        break;
      case 'event':
        this.events.set([...this.events.get().slice(1 - KEPT_EVENTS), message.event]);
        break;
      case 'mark':
        this.marks.set([...this.marks.get().slice(1 - KEPT_MARKS), message.mark]);
    }
  }

  /** Does something. False, with the reason on the page, if it was refused. */
  async act(action: Action): Promise<boolean> {
    const refusal = await this.connection
      .act(action)
      .catch(() => ({ error: 'The lab does not answer. Is its process still running?' }));
    this.refusal.set(refusal?.error);
    return refusal === undefined;
  }

  /**
   * Waits until the state is as wanted, at most five seconds. An action is answered when it has begun: what it does at once
   * is in the state two ticks later.
   */
  async until(isSo: (state: State) => boolean): Promise<boolean> {
    const first = this.beat.get() + 2;
    return new Promise((resolve) => {
      const done = (is: boolean): void => {
        unsubscribe();
        clearTimeout(timer);
        resolve(is);
      };
      const timer = setTimeout(done, 5_000, false);
      const unsubscribe = this.beat.subscribe(() => {
        if (this.beat.get() >= first && isSo(this.state.get())) done(true);
      });
    });
  }

  get servers(): readonly ServerState[] {
    return this.state.get().servers;
  }

  /** The lab's clock, in milliseconds. */
  get now(): number {
    return this.history.latest?.at ?? 0;
  }

  /** What time the plots, the strip and the log are at. */
  get shownAt(): number {
    return this.pausedAt.get() ?? this.now;
  }

  togglePause(): void {
    this.pausedAt.set(this.pausedAt.get() === undefined ? this.now : undefined);
  }
}

export const LabContext = createContext<Lab | undefined>(undefined);

export function useLab(): Lab {
  const lab = useContext(LabContext);
  if (lab === undefined) throw new Error('there is no lab around this component');
  return lab;
}

/**
 * Calls a function at every n-th tick. Views share the ticks out among them by their phase, so that no frame has to draw
 * everything.
 */
export function useBeat(act: () => void, every: number, phase = 0): void {
  const lab = useLab();
  useEffect(
    () =>
      lab.beat.subscribe(() => {
        // Nobody sees a page in the background.
        if (lab.beat.get() % every === phase && !document.hidden) act();
      }),
    [lab, act, every, phase],
  );
}

/** Renders the component anew at every n-th tick. */
export function useRenderAtBeat(every: number, phase = 0): void {
  useBeat(useRender(), every, phase);
}
