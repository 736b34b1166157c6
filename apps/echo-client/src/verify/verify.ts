/**
 * One run against the servers: sends every RPC, one after the other, and says
 * whether the peers are those that the policy promises.
 */
import { status } from '@grpc/grpc-js';
import { oneLine } from '@petiole/service-config/internal';
import { createEchoClient, type EchoChannelConfig } from '../channel/echo-channel.js';
import { EndpointDirectory } from '../channel/endpoint-directory.js';
import type { ExpectedEndpoint } from '../channel/reference-run.js';
import { type EchoOutcome, unaryEcho } from '../channel/unary-echo.js';
import { connected, settled, waitForServers } from '../channel/wait-for-servers.js';
import { describePeers, deviation } from './distribution.js';

export interface VerifyOptions {
  readonly channel: EchoChannelConfig;
  /** The target's endpoints and the peer of each, where they are known; else any address of an endpoint will do. */
  readonly expected: readonly ExpectedEndpoint[] | undefined;
  readonly message: string;
  readonly iterations: number;
  /** For the whole run, from its start. */
  readonly timeoutMs: number;
  /** Ends the run early. */
  readonly signal: AbortSignal;
  /** Gets each answer as it comes, and the endpoint that gave it. */
  readonly onAnswer: (outcome: EchoOutcome, endpoint: string | undefined) => void;
}

export interface VerifyResult {
  readonly verdict: 'kept' | 'broken' | 'interrupted';
  /** What was seen instead, in one or several lines; empty if the promise was kept. */
  readonly problem: string;
  /** How many RPCs the run consists of; 0 if no endpoint was ever known. */
  readonly planned: number;
  /** The peer of each answer, in order. */
  readonly peers: readonly string[];
  /** The endpoints that took part, in the resolver's order, and how many answers each gave. */
  readonly shares: readonly { readonly endpoint: string; readonly rpcs: number }[];
}

/** Never rejects on what servers do. Servers that are not there yet are waited for, until the timeout. */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { signal } = options;
  const directory = new EndpointDirectory();
  const run = new Run(options, directory);
  const deadline = Date.now() + options.timeoutMs;
  let problem: string | undefined;
  try {
    const waited = await waitForServers(options.channel, deadline, signal).catch((error: Error) => error);
    problem = waited === undefined ? await run.sendAll(deadline) : run.noSuccess(waited.message);
  } finally {
    directory.close();
  }
  const verdict = signal.aborted ? 'interrupted' : problem === undefined ? 'kept' : 'broken';
  return { verdict, problem: signal.aborted ? '' : (problem ?? ''), ...run.result() };
}

class Run {
  readonly #options: VerifyOptions;
  readonly #directory: EndpointDirectory;
  /** Who answered: its peer where the options say which peer to expect, else its endpoint. */
  readonly #seen: string[] = [];
  readonly #peers: string[] = [];
  /** Whose turn it is, one after the other; set with the first answer. */
  #turns: readonly string[] | undefined;

  constructor(options: VerifyOptions, directory: EndpointDirectory) {
    this.#options = options;
    this.#directory = directory;
  }

  /** What went wrong, or undefined. */
  async sendAll(deadline: number): Promise<string | undefined> {
    const { channel, message, signal, onAnswer } = this.#options;
    const client = createEchoClient(channel);
    try {
      if (channel.policy !== 'custom_round_robin') {
        const failure = await connected(client, deadline, signal).catch((error: Error) => error);
        if (failure !== undefined) return this.noSuccess('');
        await settled(client);
        this.#directory.refresh(client);
      }
      while (this.#turns === undefined || this.#seen.length < this.#planned()) {
        if (signal.aborted) return undefined;
        // Wait for ready: an RPC queues while no server is connected, instead of failing.
        const outcome = await unaryEcho(client, { message, deadline, waitForReady: true, signal });
        if (outcome.code === status.DEADLINE_EXCEEDED) return this.noSuccess('');
        if (outcome.code !== status.OK || outcome.peer === undefined) return this.#failed(outcome);
        this.#turns ??= this.#whoTakesPart();
        const endpoint = this.#directory.ownerOf(outcome.peer);
        this.#peers.push(outcome.peer);
        this.#seen.push(this.#options.expected === undefined ? (endpoint ?? outcome.peer) : outcome.peer);
        onAnswer(outcome, endpoint);
        if (!outcome.message.startsWith(message)) {
          return `${outcome.peer} answered "${oneLine(outcome.message)}" to "${oneLine(message)}"`;
        }
      }
      const wrong = this.#deviation(this.#turns);
      return wrong === undefined ? undefined : `${wrong}\n  seen: ${describePeers(this.#seen)}`;
    } finally {
      client.close();
    }
  }

  /** The time is up. */
  noSuccess(lastWord: string): string {
    const planned = this.#planned();
    const answered =
      planned === 0 ? 'no RPC was answered' : `${this.#seen.length} of ${planned} RPCs were answered`;
    const about = planned === 0 && lastWord !== '' ? `: ${lastWord}` : '';
    return this.#explain(`no success within ${this.#options.timeoutMs / 1000} s: ${answered}${about}`);
  }

  result(): Pick<VerifyResult, 'planned' | 'peers' | 'shares'> {
    const counts = new Map(this.#names().map((name) => [name, 0]));
    for (const peer of this.#peers) {
      const name = this.#directory.ownerOf(peer) ?? peer;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const shares = [...counts].map(([endpoint, rpcs]) => ({ endpoint, rpcs }));
    return { planned: this.#planned(), peers: this.#peers, shares };
  }

  #failed(outcome: EchoOutcome): string {
    const { code, details } = outcome;
    return this.#explain(
      `RPC ${this.#seen.length + 1} of ${this.#planned()} failed: ${code} ${status[code]}: ${details}`,
    );
  }

  #explain(what: string): string {
    const missing = this.#names().flatMap((name) => this.#missing(name));
    return [what, `  seen: ${describePeers(this.#seen)}`, ...missing].join('\n');
  }

  /** The line about an endpoint without a connection; none for one that has one. */
  #missing(name: string): readonly string[] {
    const known = this.#directory.find(name);
    if (known?.state === 'READY') return [];
    const lost = known?.everReady === true ? 'lost' : 'never came';
    const peer = this.#options.expected?.find(({ addresses }) => addresses.join('+') === name)?.peer;
    const who = peer === undefined ? `endpoint ${name}` : `peer ${peer} (endpoint ${name})`;
    return [`  ${lost}: ${who}${known?.lastError ? `: ${known.lastError}` : ''}`];
  }

  #names(): readonly string[] {
    const expected = this.#options.expected?.map(({ addresses }) => addresses.join('+'));
    if (expected !== undefined) return expected;
    const current = this.#directory.endpoints();
    // Between the channel that waits and the one that runs there are none.
    return (current.length > 0 ? current : this.#directory.everSeen()).map(({ name }) => name);
  }

  #planned(): number {
    const { channel, iterations } = this.#options;
    return (this.#turns ?? this.#names()).length * channel.repeatCount * iterations;
  }

  /** With a ready timeout the rotation does without those that are not there; without one nobody may be missing. */
  #whoTakesPart(): readonly string[] {
    const { channel, expected } = this.#options;
    const names = this.#names().filter(
      (name) => channel.readyTimeoutMs === undefined || this.#directory.find(name)?.state === 'READY',
    );
    if (expected === undefined) return names;
    return expected.filter(({ addresses }) => names.includes(addresses.join('+'))).map(({ peer }) => peer);
  }

  /** How the answers depart from what the policy promises; undefined if they do not. */
  #deviation(turns: readonly string[]): string | undefined {
    const { channel, iterations } = this.#options;
    switch (channel.policy) {
      case 'custom_round_robin':
        return deviation(this.#seen, { peers: turns, repeatCount: channel.repeatCount, iterations });
      case 'pick_first': {
        const other = this.#peers.find((peer) => peer !== this.#peers[0]);
        return other === undefined ? undefined : `pick_first moved from ${this.#peers[0]} to ${other}`;
      }
      default:
        return undefined;
    }
  }
}
