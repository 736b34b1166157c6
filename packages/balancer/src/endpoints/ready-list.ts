/**
 * The READY children in the resolver's order. Kept by its changes: one child
 * that enters or leaves costs one array copy, not a look at every child.
 */
import type { EndpointState } from '../events/endpoint-events.js';

interface Child {
  readonly state: EndpointState;
  readonly index: number;
}

/** Up to so many changes are applied one by one; beyond, the list is made anew. */
const FEW = 8;

export class ReadyList<T extends Child> {
  private list: readonly T[] | undefined = undefined;
  /** Children that have entered or left READY since the list was made. */
  private readonly changed: Set<T> = new Set();

  /** The child's state has become READY, or was. */
  change(child: T): void {
    if (this.list === undefined) return;
    if (this.changed.size < FEW) this.changed.add(child);
    else this.reset();
  }

  /** The children themselves, or their order, are others now. */
  reset(): void {
    this.list = undefined;
    this.changed.clear();
  }

  current(children: readonly T[]): readonly T[] {
    if (this.list === undefined) {
      const ready = children.filter((child) => child.state === 'READY');
      this.list = ready.length === children.length ? children : ready;
    } else {
      for (const child of this.changed) this.list = apply(this.list, child);
    }
    this.changed.clear();
    return this.list;
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
