/** ES module: one endpoint behind an address that refuses, and a manual resolver that moves from server to server. */
import { createManualResolver, registerStaticResolver, staticTarget } from '@petiole/resolver';
import { ask, withServers } from './who-am-i.cjs';

registerStaticResolver();
await withServers('AB', async ([a, b]) => {
  const fromStatic = await ask(staticTarget([`127.0.0.1:1+127.0.0.1:${a}`]), {}, 2);
  const manual = createManualResolver({ endpoints: [`127.0.0.1:${b}`] });
  console.log(fromStatic + (await ask(manual.target, {}, 2)));
});
