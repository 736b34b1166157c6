/**
 * The children in the resolver's order: how many are in which state, and which are READY. Kept by their changes: one
 * child that enters or leaves READY costs one array copy, not a look at every child.
 */
import { sameEnds } from '@petiole/service-config/internal';
import type { EndpointState } from '../events/endpoint-events.js';

interface Child {
  readonly state: EndpointState;
  /** Its place in the list, -1 if it is in none. */
  index: number;
}

/** Up to so many changes are applied one by one; beyond, the list of READY children is made anew. */
const FEW = 8;

export class ChildList<T extends Child> {
  all: readonly T[] = [];
  private readonly counts: Map<EndpointState, number> = new Map();
  private readyOnes: readonly T[] | undefined = undefined;
  /** Children that have entered or left READY since those were listed. */
  private readonly changed: Set<T> = new Set();

  /** Takes other children, or another order of them, and gives each its index. Those that stay in their place are not looked at. */
  replace(children: readonly T[]): void {
    const { all: before } = this;
    const { head, tail } = sameEnds(children, before, Object.is);
    const between = (list: readonly T[]): readonly T[] => list.slice(head, list.length - tail);
    this.all = children;
    for (const child of between(before)) {
      this.add(child.state, -1);
      child.index = -1;
    }
    for (const child of between(children)) this.add(child.state, 1);
    const moved = children.length === before.length ? between(children) : children.slice(head);
    for (const [i, child] of moved.entries()) child.index = head + i;
    this.forgetReady();
  }

  count(state: EndpointState): number {
    return this.counts.get(state) ?? 0;
  }

  /** A child has another state now. Answers whether the READY ones are others. */
  moved(child: T, from: EndpointState): boolean {
    if (child.index < 0) return false;
    this.add(from, -1);
    this.add(child.state, 1);
    if (from !== 'READY' && child.state !== 'READY') return false;
    if (this.changed.size < FEW) this.changed.add(child);
    else this.forgetReady();
    return true;
  }

  get ready(): readonly T[] {
    if (this.readyOnes === undefined) {
      const ready = this.all.filter((child) => child.state === 'READY');
      this.readyOnes = ready.length === this.all.length ? this.all : ready;
    } else {
      for (const child of this.changed) this.readyOnes = apply(this.readyOnes, child);
    }
    this.changed.clear();
    return this.readyOnes;
  }

  private add(state: EndpointState, change: number): void {
    this.counts.set(state, this.count(state) + change);
  }

  private forgetReady(): void {
    this.readyOnes = undefined;
    this.changed.clear();
  }
}

function apply<T extends Child>(list: readonly T[], child: T): readonly T[] {
  const at = position(list, child.index);
  const listed = list[at] === child;
  if (child.state === 'READY') return listed ? list : list.toSpliced(at, 0, child);
  return listed ? list.toSpliced(at, 1) : list;
}

/** Where a child of that index stands in the list, or would. */
function position(list: readonly Child[], index: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as Child).index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
