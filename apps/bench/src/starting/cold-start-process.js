/**
 * A process that starts, imports and sends one RPC; it prints what that took as JSON. Plain JavaScript, because a
 * loader for TypeScript would be part of what is measured.
 */
const [task = '{}'] = process.argv.slice(2);
const { imports, target, policy } = JSON.parse(task);

const start = performance.now();
const took = [];
const modules = [];
for (const specifier of imports) {
  const at = performance.now();
  modules.push(await import(specifier));
  took.push(performance.now() - at);
}

let firstRpcMs;
if (target !== undefined) {
  const [{ Client, credentials }] = modules;
  const client = new Client(target, credentials.createInsecure(), {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [policy] }),
  });
  const bytes = (value) => value;
  await new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/petiole.bench.Echo/Unary',
      bytes,
      bytes,
      Buffer.from('first'),
      { deadline: Date.now() + 10_000 },
      (error) => (error ? reject(error) : resolve()),
    );
  });
  firstRpcMs = performance.now() - start;
  client.close();
}
console.log(JSON.stringify({ imports: took, firstRpcMs }));
