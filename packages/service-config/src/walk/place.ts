/** A place in a config while it is walked: knows its path, and takes the findings there. */
import type { Finding } from '../finding.js';
import { oneLine } from '../text/one-line.js';
import { got } from '../text/show.js';

/** What is around a place. */
export interface Surroundings {
  /** The policy whose config it is in; undefined outside of all. */
  readonly policy: string | undefined;
  /** How many policies stand around it. */
  readonly depth: number;
  /** Becomes true when RPCs that come so far end up in a policy of Petiole. */
  petiole: boolean;
}

/** Longer names are cut in paths, which would otherwise grow with each level of the config. */
const LONGEST_NAME = 100;

export const THROWS = 'grpc-js throws out of the constructor of the client';

export class Place {
  readonly path: string;
  readonly findings: Finding[];
  readonly within: Surroundings;

  constructor(path = '', findings: Finding[] = [], within?: Surroundings) {
    this.path = path;
    this.findings = findings;
    this.within = within ?? { policy: undefined, depth: 0, petiole: false };
  }

  /** The place of a field or of an element. */
  at(key: string | number, findings: Finding[] = this.findings, within: Surroundings = this.within): Place {
    const name = typeof key === 'number' ? `[${key}]` : oneLine(key, LONGEST_NAME);
    const dot = typeof key === 'number' || this.path === '' ? '' : '.';
    return new Place(this.path + dot + name, findings, within);
  }

  /** Takes a finding whose parts are described at `ServiceConfigFinding`. */
  find(
    value: unknown,
    outcome: Finding['outcome'],
    happens: string,
    instead: string,
    { severity = 'error', takenFrom }: Partial<Pick<Finding, 'severity' | 'takenFrom'>> = {},
  ): void {
    const finding = { path: this.path, value, outcome, happens, instead: oneLine(instead), severity };
    this.findings.push({ ...finding, takenFrom });
  }

  /** Takes an error: the value breaks the rule. If nothing else is said, grpc-js refuses it when the client is made. */
  refuse(
    value: unknown,
    rule: string,
    outcome: Finding['outcome'] = 'throws',
    happens: string = THROWS,
  ): void {
    this.find(value, outcome, happens, `${rule}, ${got(value)}`);
  }

  /** Takes what `serviceConfig()` and resolvers mend. @returns the mended form */
  mend<Form>(value: unknown, form: Form, outcome: Finding['outcome'], happens: string): Form {
    const what = form === undefined ? 'leave it out' : `write ${JSON.stringify(form)}`;
    const it = form === undefined ? 'leave it out' : 'write it';
    this.find(value, outcome, happens, `${what}, or have serviceConfig() ${it}`, { severity: 'mendable' });
    return form;
  }
}
