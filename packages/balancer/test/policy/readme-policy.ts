import { definePolicy, failPick, queuePick, string } from '@petiole/balancer';

/** An RPC goes to the endpoint that its metadata names; RPCs that name none take turns. */
export const byHeader = definePolicy({
  name: 'by_header',
  fields: { header: string({ default: 'x-endpoint' }) },
  createMemory: () => ({ next: 0 }),
  createPicker(ready, { config, memory, endpoints }) {
    if (ready.length === 0) return undefined; // RPCs wait, or fail if all endpoints have failed
    return {
      pick({ metadata }) {
        const [wanted] = metadata.get(config.header);
        if (wanted === undefined) return ready[memory.next++ % ready.length]?.pickResult ?? queuePick();
        const endpoint = endpoints.find(({ addresses }) => addresses.includes(String(wanted)));
        return endpoint?.pickResult ?? failPick(`by_header: there is no endpoint ${wanted}`);
      },
    };
  },
});
