import { definePolicy, failPick, queuePick } from '@petiole/balancer';

/** An RPC goes to the endpoint that its metadata names; RPCs that name none take turns. */
export const byHeader = definePolicy({
  name: 'by_header',
  parseConfig({ header = 'x-endpoint' }) {
    if (typeof header === 'string') return { header };
    throw new TypeError(`by_header: header must be a string, got ${JSON.stringify(header)}`);
  },
  createMemory: () => ({ next: 0 }),
  update({ config, memory, endpoints, ready, readyCount }) {
    if (readyCount === 0) return undefined;
    const turns = ready();
    return {
      pick({ metadata }) {
        const [wanted] = metadata.get(config.header);
        if (wanted === undefined) return turns[memory.next++ % turns.length]?.pickResult ?? queuePick();
        const endpoint = endpoints.find(({ name }) => name.split('+').includes(String(wanted)));
        return endpoint?.pickResult ?? failPick(`by_header: there is no endpoint ${wanted}`);
      },
    };
  },
});
