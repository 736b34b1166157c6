/** A place in a config while it is walked: knows its path, and takes the findings there. */
import type { Finding } from '../finding.js';
import { oneLine } from '../text/one-line.js';

/** What is around a place. */
export interface Surroundings {
  /** The policy whose config it is in; undefined outside of all. */
  readonly policy: string | undefined;
  /** How many policies stand around it. */
  readonly depth: number;
  /** Becomes true when RPCs that come so far end up in a policy of Petiole. */
  petiole: boolean;
}

/** Room for the longest path that a config of the allowed depth has with names of ordinary length. */
const LONGEST_PATH = 2000;

export class Place {
  readonly path: string;
  readonly findings: Finding[];
  readonly within: Surroundings;

  constructor(
    path = '',
    findings: Finding[] = [],
    within: Surroundings = { policy: undefined, depth: 0, petiole: false },
  ) {
    this.path = path;
    this.findings = findings;
    this.within = within;
  }

  /** The place of a field or of an element. */
  at(key: string | number, findings: Finding[] = this.findings, within: Surroundings = this.within): Place {
    const path = typeof key === 'number' ? `${this.path}[${key}]` : join(this.path, key);
    return new Place(path, findings, within);
  }

  find(value: unknown, finding: Omit<Finding, 'path' | 'value'>): void {
    const instead = oneLine(finding.instead);
    this.findings.push({ path: oneLine(this.path, LONGEST_PATH), value, ...finding, instead });
  }

  /** A value that grpc-js refuses when the client is made. */
  refuse(value: unknown, instead: string): void {
    const happens = 'grpc-js throws out of the constructor of the client';
    this.find(value, { outcome: 'throws', happens, instead, severity: 'error' });
  }
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
