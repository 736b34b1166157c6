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

/** A service config that is being written, and not applied yet. */
export interface Draft {
  readonly text: string;
  readonly by: 'guide' | 'hand';
}

/** What the plots show: the newest time of a length, or a time that somebody zoomed to. In milliseconds. */
export type Span = { readonly last: number } | { readonly from: number; readonly to: number };

export const MINUTE: Span = { last: 60_000 };

const NOTHING: readonly Part[] = [];

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
  readonly pointedAt = new Value<readonly Part[]>(NOTHING);
  /** The act of the guide that is under way: `Do it: Stop a server`. */
  readonly guiding = new Value<string | undefined>(undefined);
  /** Undefined: the service config is as the channel has it. */
  readonly draft = new Value<Draft | undefined>(undefined);
  /** What somebody wrote by hand before another config took its place. */
  readonly putAside = new Value<Draft | undefined>(undefined);
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
    const refusal = await this.attempt(action);
    this.refusal.set(refusal);
    return refusal === undefined;
  }

  /** Does something. Undefined: it is done; otherwise why not, for the caller to say. */
  async attempt(action: Action): Promise<string | undefined> {
    // What the guide points at is about what the guide did.
    if (this.guiding.get() === undefined) this.pointedAt.set(NOTHING);
    const refusal = await this.connection
      .act(action)
      .catch(() => ({ error: 'The lab does not answer. Is its process still running?' }));
    return refusal?.error;
  }

  /** Puts another draft, or none, in the place of the one that is there. */
  replaceDraft(draft: Draft | undefined): void {
    const before = this.draft.get();
    if (before?.by === 'hand') this.putAside.set(before);
    this.draft.set(draft);
  }

  /** Opens a tab and moves the focus into its panel, which is there at the next frame. */
  enter(tab: Tab): void {
    this.tab.set(tab);
    requestAnimationFrame(() => document.querySelector<HTMLElement>('[role=tabpanel]')?.focus());
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
