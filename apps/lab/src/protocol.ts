/**
 * What the lab's process and its page say to each other, in JSON. The page hears of everything by server-sent events
 * (`GET /api/events`), and acts by `POST /api/actions`; both take the token that is in the page. `POST /api/check`
 * gives the findings for a service config that somebody is typing.
 *
 * Times are milliseconds since the lab began, unless a name says otherwise.
 */
import type { FieldDescription, ServiceConfigFinding } from '@petiole/service-config';

/** The header that carries the page's token, and the name of the `<meta>` that the page finds it in. */
export const TOKEN_HEADER = 'x-lab-token';
export const TOKEN_META = 'lab-token';

/** A service config has no more objects and arrays in one another. */
export const MOST_LEVELS = 100;
/** How often a `tick` comes. */
export const TICK_MS = 100;
/** The lab starts with three servers, and has no more than these. */
export const MOST_SERVERS = 20;
/** How many ticks and events the process keeps for a page that opens late: five minutes, and the newest events. */
export const KEPT_TICKS = 3_000;
export const KEPT_EVENTS = 500;
/** And how many marks: of what somebody did in these minutes. */
export const KEPT_MARKS = 100;
/** How many of the newest attempts can still be told to have failed: more than a strip shows. */
export const KEPT_PICKS = 300;
/** The longest that an RPC may take, and a stream beyond its life: a server that is frozen shows soon. */
export const RPC_TIMEOUT_MS = 3_000;

/** The server-sent events: the name is `event:`, the rest is `data:`. `whole` comes first, and after each reconnection. */
export type Message =
  | { readonly kind: 'whole'; readonly whole: Whole }
  | { readonly kind: 'state'; readonly state: State }
  | { readonly kind: 'tick'; readonly tick: Tick }
  | { readonly kind: 'event'; readonly event: LabEvent }
  | { readonly kind: 'mark'; readonly mark: Mark };

/** All that a page needs to begin with. */
export interface Whole {
  readonly state: State;
  /** The oldest first. */
  readonly ticks: readonly Tick[];
  readonly events: readonly LabEvent[];
  readonly marks: readonly Mark[];
  /** What forms are made of: by policy, the rows of the table that checks service configs. */
  readonly policies: readonly PolicyDescription[];
  readonly bounds: Bounds;
}

export interface PolicyDescription {
  readonly name: string;
  /** True if it is grpc-js's own: no health checks, no events of its own. */
  readonly isGrpcJs: boolean;
  readonly fields: Readonly<Record<string, FieldDescription>>;
}

/** The most and least of what an action may set. The page's sliders use them, and the process checks them. */
export interface Bounds {
  readonly delayMs: Bound;
  readonly errorRate: Bound;
  readonly streamLimit: Bound;
  readonly rate: Bound;
  readonly concurrency: Bound;
  readonly servers: Bound;
}

export interface Bound {
  readonly min: number;
  readonly max: number;
}

/** What changes when somebody does something, or when an endpoint's state does. Sent whole: it is small. */
export interface State {
  readonly servers: readonly ServerState[];
  readonly client: ClientState;
}

/** A server, as it was told to be. */
export interface ServerState {
  /** 1, 2, 3, …; never used twice. */
  readonly id: number;
  /** Each address that it listens on; one, or two if it is dual-stack. */
  readonly addresses: readonly string[];
  readonly phase: 'starting' | 'serving' | 'draining' | 'stopped' | 'frozen' | 'failed';
  /** Why it failed. */
  readonly problem?: string;
  readonly healthy: boolean;
  readonly dualStack: boolean;
  readonly delayMs: number;
  /** The share of RPCs that it answers with UNAVAILABLE at once, 0 to 1. */
  readonly errorRate: number;
  /** SETTINGS_MAX_CONCURRENT_STREAMS; undefined: no limit. */
  readonly streamLimit?: number;
  /** What the client knows of it; undefined while the resolver does not name it. */
  readonly endpoint?: EndpointView;
}

/** A server, as the client sees it. */
export interface EndpointView {
  /** All its addresses: `[::1]:50051+127.0.0.1:50051`. */
  readonly name: string;
  readonly state: 'IDLE' | 'CONNECTING' | 'READY' | 'TRANSIENT_FAILURE';
  readonly since: number;
  /** Why it is in this state, in words; empty where nobody says. */
  readonly reason: string;
  /** Which of its addresses is connected. */
  readonly connected?: string;
  /** `SERVING`, `NOT_SERVING`, …; undefined where health is not checked. */
  readonly health?: string;
}

/** What the client was told to do. */
export interface ClientState {
  /** The channel's connectivity state. */
  readonly state: string;
  readonly load: LoadSettings;
  /** As it was written; the service config that the channel has now. */
  readonly serviceConfig: string;
  /** The name of the policy in it. */
  readonly policy: string;
  readonly checksHealth: boolean;
}

export interface LoadSettings {
  /** RPCs a second. 0: none. */
  readonly rate: number;
  /** The most in flight. */
  readonly concurrency: number;
  /** `unary`: one answer each. `streams`: bidirectional streams that stay open for a while, of some messages each. */
  readonly kind: 'unary' | 'streams';
}

/** What happened in the last TICK_MS. An RPC takes one attempt; with retries or hedging it may take several. */
export interface Tick {
  readonly at: number;
  /** RPCs that began in it. */
  readonly started: number;
  /** RPCs that ended well, and that did not. */
  readonly ok: number;
  readonly failed: number;
  /** How many attempts those took, and how many of them took more than one. */
  readonly attempts: number;
  readonly repeated: number;
  /** RPCs in flight now, also those that wait for an endpoint. */
  readonly inFlight: number;
  /** Of the RPCs that ended in the last second, in milliseconds; undefined if there was none. */
  readonly p50?: number;
  readonly p99?: number;
  /** Attempts that failed and that no endpoint took. */
  readonly unplaced: number;
  /** By server id. One that had nothing to do and has nothing in flight is left out. */
  readonly servers: readonly ServerTick[];
  /** The server ids of the attempts that were sent in it, in their order; 0: one that no endpoint took. At most 100. */
  readonly picks: readonly number[];
  /** The number of the last one; the first pick of all is 1. */
  readonly lastPick: number;
  /** The numbers of those that failed in it. */
  readonly failedPicks: readonly number[];
  /** How long the event loop of the client was late at most. */
  readonly loopDelayMs: number;
}

/** What a server had to do with attempts. */
export interface ServerTick {
  readonly id: number;
  /** Attempts that the client sent there. */
  readonly sent: number;
  /** Attempts that ended well, and that did not. One that was cancelled since another was faster is neither. */
  readonly ok: number;
  readonly failed: number;
  /** Attempts that arrived, as the server counts them. */
  readonly arrived: number;
  readonly inFlight: number;
  /** Of those in flight, the ones that wait in the client since the server allows no more streams on a connection. */
  readonly waiting: number;
  /** Of the attempts that ended in the last second, in milliseconds; undefined if there was none. */
  readonly p50?: number;
  readonly p99?: number;
}

/** What somebody did, in a few words that stand at its time in the plots: `server 2 +250 ms`. */
export interface Mark {
  readonly at: number;
  readonly text: string;
}

/** A line of the log. */
export interface LabEvent {
  /** 1, 2, 3, …. */
  readonly number: number;
  readonly at: number;
  readonly kind: 'connectivity' | 'health' | 'resolver' | 'server' | 'client' | 'failure' | 'log';
  /** Undefined: of none, or of all. */
  readonly server?: number;
  readonly text: string;
}

/** What a page can do. Each is answered with 200 and `{}`, or with 400 and a `Refusal`. */
export type Action =
  | { readonly do: 'start' | 'stop' | 'freeze' | 'thaw' | 'remove'; readonly server: number }
  | {
      readonly do: 'set-server';
      readonly server: number;
      readonly healthy?: boolean;
      readonly delayMs?: number;
      readonly errorRate?: number;
      /** These two open the server anew. */
      readonly dualStack?: boolean;
      /** null: no limit. */
      readonly streamLimit?: number | null;
    }
  | { readonly do: 'add-server'; readonly dualStack?: boolean; readonly delayMs?: number }
  | ({ readonly do: 'set-load' } & Partial<LoadSettings>)
  | { readonly do: 'set-service-config'; readonly json: string }
  /** Everything as it was when the lab began. */
  | { readonly do: 'reset' };

/** Of the checker of service configs, without what stands there. */
export type Finding = Omit<ServiceConfigFinding, 'value'>;

/** Why an action was not done: the field, the value and what is allowed, in one sentence. */
export interface Refusal {
  readonly error: string;
  /** Where the service config is what was refused. */
  readonly findings?: readonly Finding[];
}

/** The answer of `POST /api/check`, to `{ "json": "…" }`. */
export interface Checked {
  readonly findings: readonly Finding[];
  /** The text is no JSON. */
  readonly syntaxError?: string;
}
