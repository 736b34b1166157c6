/** A place in a config while it is walked: knows its path, and takes the findings there. */
import type { Finding } from '../finding.js';
import { oneLine } from '../text/one-line.js';
import { got } from '../text/show.js';

/** What becomes of a value, and the same in words. */
export type Fate = readonly [outcome: Finding['outcome'], happens: string];

export const THROWS: Fate = ['throws', 'grpc-js throws out of the constructor of the client'];
export const IGNORED: Fate = ['ignored', 'grpc-js ignores it and logs nothing'];

/** What is around a place. */
export interface Surroundings {
  /** How many policies stand around it. */
  readonly depth: number;
  /** What becomes of a value here that its reader refuses. */
  readonly refused: Fate;
  /** Becomes true when RPCs that come so far end up in a policy of Petiole. */
  petiole?: boolean;
  /** The names of methods so far, and where each stands. */
  names?: Map<string, string>;
}

/** Longer names are cut in paths, which would otherwise grow with each level of the config. */
const LONGEST_NAME = 100;

export class Place {
  readonly path: string;
  readonly findings: Finding[];
  readonly within: Surroundings;

  constructor(path = '', findings: Finding[] = [], within: Surroundings = { depth: 0, refused: THROWS }) {
    this.path = path;
    this.findings = findings;
    this.within = within;
  }

  /** The place of a field or of an element. */
  at(key: string | number, findings: Finding[] = this.findings, within: Surroundings = this.within): Place {
    const name = typeof key === 'number' ? `[${key}]` : oneLine(key, LONGEST_NAME);
    const dot = typeof key === 'number' || this.path === '' ? '' : '.';
    return new Place(this.path + dot + name, findings, within);
  }

  /** Takes a finding, an error unless another severity is given. `ServiceConfigFinding` describes its parts. */
  find(value: unknown, [outcome, happens]: Fate, rule: string, more: Partial<Finding> = {}): void {
    const { path } = this;
    const instead = oneLine(rule);
    this.findings.push({ path, value, outcome, happens, instead, severity: 'error', ...more });
  }

  /** Takes an error: the value breaks the rule. Its reader refuses it, unless something else becomes of it. */
  refuse(value: unknown, rule: string, fate: Fate = this.within.refused): void {
    this.find(value, fate, `${rule}, ${got(value)}`);
  }

  /** Takes what `serviceConfig()` and resolvers mend. @returns the mended form, undefined to leave the field out */
  mend<Form>(value: unknown, form: Form, fate: Fate): Form {
    const [what, it] =
      form === undefined ? ['leave it out', 'leave it out'] : [`write ${JSON.stringify(form)}`, 'write it'];
    this.find(value, fate, `${what}, or have serviceConfig() ${it}`, { severity: 'mendable' });
    return form;
  }

  /** Takes what is as gRPC specifies it, and as grpc-js does not do it. */
  note(value: unknown, fate: Fate, instead: string): void {
    this.find(value, fate, instead, { severity: 'note' });
  }
}
