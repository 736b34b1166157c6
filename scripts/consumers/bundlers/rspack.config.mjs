export default {
  target: 'node',
  mode: 'production',
  entry: './main.mjs',
  output: { path: `${import.meta.dirname}/out`, filename: 'rspack.cjs' },
};
