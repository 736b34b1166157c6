/** Does to servers and resolvers what an incident says, and undoes it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Backend } from './backend.js';
import type { FaultLog, Recovery } from './fault-log.js';
import type { Fault, Incident } from './schedule.js';
import type { Subject } from './subject.js';

/** How long a healed endpoint may take to serve every policy: a dropped SYN is sent again after 1, 3 and 7 s. */
const RECOVERY_MS = 20_000;

export class FaultInjector {
  readonly #backends: readonly Backend[];
  readonly #subjects: readonly Subject[];
  readonly #log: FaultLog;
  /** Numbers of the servers that the resolver lists, in its order. */
  #listed: readonly Backend[];

  constructor(backends: readonly Backend[], subjects: readonly Subject[], log: FaultLog) {
    this.#backends = backends;
    this.#subjects = subjects;
    this.#log = log;
    this.#listed = backends.slice(0, -1);
  }

  /** The endpoints as the resolver lists them. */
  get order(): readonly string[] {
    return this.#listed.map(({ address }) => address);
  }

  /** One incident, until all that it has broken serves again. `signal` shortens the faults. */
  async run({ faults, gapMs }: Incident, signal: AbortSignal): Promise<void> {
    await Promise.all(
      faults.map(async (fault, n) => {
        await rest(n * gapMs, signal);
        await this.#strike(fault, signal);
      }),
    );
  }

  async #strike(fault: Fault, signal: AbortSignal): Promise<void> {
    const { kind, holdMs } = fault;
    const spare = this.#backends.at(-1) as Backend;
    const one = this.#backends[fault.server] as Backend;
    const struck =
      kind === 'outage' ? this.#listed : kind === 'add' ? [spare] : kind === 'resolver' ? [] : [one];
    const active = this.#log.begin(
      kind,
      struck.map(({ address }) => address),
    );
    const recovery = await this.#break(kind, one, spare, holdMs, signal);
    this.#log.end(active);
    if (recovery) await this.#recovered(recovery);
  }

  async #break(
    kind: Fault['kind'],
    one: Backend,
    spare: Backend,
    holdMs: number,
    signal: AbortSignal,
  ): Promise<Recovery | undefined> {
    switch (kind) {
      case 'kill':
        await one.kill();
        await rest(holdMs, signal);
        await one.start();
        return this.#recovery(kind, [one]);
      case 'restart':
        await one.drain();
        await rest(holdMs, signal);
        await one.start();
        return this.#recovery(kind, [one]);
      case 'freeze':
        one.freeze();
        await rest(holdMs, signal);
        one.thaw();
        return this.#recovery(kind, [one]);
      case 'clog':
        await one.clog();
        await rest(holdMs, signal);
        await one.unclog();
        return this.#recovery(kind, [one]);
      case 'health':
        await one.setHealth('NOT_SERVING');
        await rest(holdMs, signal);
        await one.setHealth('SERVING');
        return this.#recovery(kind, [one]);
      case 'remove': {
        this.#list(this.#listed.filter((backend) => backend !== one));
        await rest(holdMs, signal);
        this.#list(this.#backends.filter((backend) => backend === one || this.#listed.includes(backend)));
        return this.#recovery(kind, [one]);
      }
      case 'add': {
        this.#list([...this.#listed, spare]);
        await this.#recovered(this.#recovery(kind, [spare]));
        await rest(holdMs, signal);
        this.#list(this.#listed.filter((backend) => backend !== spare));
        return undefined;
      }
      case 'resolver':
        for (const subject of this.#subjects) subject.failResolution();
        await rest(holdMs, signal);
        this.#list(this.#listed.toReversed());
        return undefined;
      case 'outage':
        await Promise.all(this.#listed.map((backend) => backend.kill()));
        await rest(holdMs, signal);
        await Promise.all(this.#listed.map((backend) => backend.start()));
        return this.#recovery(kind, this.#listed);
    }
  }

  #list(backends: readonly Backend[]): void {
    this.#listed = backends;
    for (const subject of this.#subjects) subject.list(backends);
  }

  #recovery(kind: Fault['kind'], healed: readonly Backend[]): Recovery {
    return this.#log.recover(
      kind,
      this.#subjects.map(({ plan }) => plan.name),
      healed.map(({ address }) => address),
    );
  }

  /** Waits until every policy has been served by every healed endpoint; tells of those that never were. */
  async #recovered(recovery: Recovery): Promise<void> {
    if (recovery.missing.size === 0) return;
    const patience = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => {
        recovery.done = resolve;
      }),
      pause(RECOVERY_MS, undefined, { signal: patience.signal }).catch(() => {}),
    ]);
    patience.abort();
    this.#log.giveUp(recovery);
    for (const missing of recovery.missing) {
      const [name, address] = missing.split(' ');
      const subject = this.#subjects.find(({ plan }) => plan.name === name);
      subject?.broke(
        'heal',
        `${address} did not serve within ${RECOVERY_MS} ms of its heal (${recovery.kind})`,
      );
    }
  }
}

/** Waits, or not to the end when the run is to end. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}
