import { definePolicy, queuePick } from '@petiole/balancer';

interface Config {
  readonly preferred: readonly string[];
}

function parseConfig({ preferred = [] }: Readonly<Record<string, unknown>>): Config {
  if (Array.isArray(preferred) && preferred.every((prefix) => typeof prefix === 'string'))
    return { preferred };
  throw new TypeError(
    `zone_first: preferred must be a list of address prefixes, got ${JSON.stringify(preferred)}`,
  );
}

export const zoneFirst = definePolicy({
  name: 'zone_first',
  parseConfig,
  createMemory: () => ({ next: 0 }), // outlives the picker: a change elsewhere must not start the turns again
  update({ config, memory, ready, readyCount }) {
    if (readyCount === 0) return undefined; // CONNECTING, or TRANSIENT_FAILURE if all have failed
    const near = ready().filter(({ name }) =>
      name.split('+').some((address) => config.preferred.some((prefix) => address.startsWith(prefix))),
    );
    const turns = near.length > 0 ? near : ready();
    return { pick: () => turns[memory.next++ % turns.length]?.pickResult ?? queuePick() };
  },
});
