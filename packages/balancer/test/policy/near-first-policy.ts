import { definePolicy, list, queuePick, string } from '@petiole/balancer';

export const nearFirst = definePolicy({
  name: 'near_first',
  fields: { preferred: list(string(), { default: [] }) }, // prefixes of addresses
  createMemory: () => ({ next: 0 }), // outlives the picker: a change elsewhere must not start the turns again
  createPicker(ready, { config, memory }) {
    if (ready.length === 0) return undefined; // CONNECTING, or TRANSIENT_FAILURE if all have failed
    const near = ready.filter(({ addresses }) =>
      addresses.some((address) => config.preferred.some((prefix) => address.startsWith(prefix))),
    );
    const turns = near.length > 0 ? near : ready;
    return { pick: () => turns[memory.next++ % turns.length]?.pickResult ?? queuePick() };
  },
});
