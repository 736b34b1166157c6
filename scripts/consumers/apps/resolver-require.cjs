/** CommonJS: the same through require(). */
const { createManualResolver, registerStaticResolver, staticTarget } = require('@petiole/resolver');
const { ask, withServers } = require('./who-am-i.cjs');

registerStaticResolver();
withServers('AB', async ([a, b]) => {
  const fromStatic = await ask(staticTarget([`127.0.0.1:1+127.0.0.1:${a}`]), {}, 2);
  const manual = createManualResolver({ endpoints: [`127.0.0.1:${b}`] });
  console.log(fromStatic + (await ask(manual.target, {}, 2)));
});
