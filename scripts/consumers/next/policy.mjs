/** A policy of the application's own; visit.mjs edits it under `next dev`. */
import { definePolicy } from '@petiole/balancer';

export const always = definePolicy({
  name: 'always',
  createPicker: (ready) => (ready.length < 3 ? undefined : { pick: () => ready[0].pickResult }),
});
always.register({ replace: true });
