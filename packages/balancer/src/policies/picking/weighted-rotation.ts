/**
 * A rotation in which everyone is picked in proportion to a weight, as evenly spread as can be. In a full turn, which is as many
 * picks as the sum of the weights, everyone is picked exactly `weight` times.
 */

/** A member and its next pick, which is due at `(taken + phase) / weight`: within each unit of time, `weight` of its picks are due. */
interface Place<Member> {
  readonly member: Member;
  readonly weight: number;
  /** From 0 to below 1. It differs from member to member, or all that weigh little would be due at the same time. */
  readonly phase: number;
  taken: number;
  due: number;
}

export class WeightedRotation<Member> {
  /** A binary heap: nobody is due before the one in front. */
  private readonly heap: Place<Member>[];

  /**
   * Needs at least one member, each with an integer from 1 as its weight. `start`, from 0 to below 1, says whose pick is the
   * first one: with a random number, many clients do not all begin with the same server.
   */
  constructor(members: readonly Member[], weightOf: (member: Member) => number, start: number) {
    this.heap = members
      .map((member, i) => {
        const weight = weightOf(member);
        const phase = (start + i / members.length) % 1;
        return { member, weight, phase, taken: 0, due: phase / weight };
      })
      .sort((a, b) => a.due - b.due);
  }

  /** The member whose pick is due. Takes O(log n) and allocates nothing. */
  next(): Member {
    const { heap } = this;
    const place = heap[0] as Place<Member>;
    place.taken++;
    place.due = (place.taken + place.phase) / place.weight;
    // It moves back in the heap until nobody behind it is due before it.
    let at = 0;
    for (;;) {
      let behind = 2 * at + 1;
      if (isBefore(heap[behind + 1], heap[behind])) behind++;
      if (!isBefore(heap[behind], place)) break;
      heap[at] = heap[behind] as Place<Member>;
      at = behind;
    }
    heap[at] = place;
    return place.member;
  }
}

function isBefore(a: Place<unknown> | undefined, b: Place<unknown> | undefined): boolean {
  return a !== undefined && b !== undefined && a.due < b.due;
}
