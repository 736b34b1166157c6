/** Knows nothing of Petiole: the target comes from outside, `--import @petiole/resolver/register` does the rest. */
import { ask, withServers } from './who-am-i.cjs';

await withServers('AB', async ([a, b]) => {
  const first = await ask(`static:127.0.0.1:1+127.0.0.1:${a}`, {}, 2);
  console.log(first + (await ask(`static:127.0.0.1:1+127.0.0.1:${b}`, {}, 2)));
});
