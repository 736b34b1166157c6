export default {
  build: { ssr: 'main.mjs', outDir: 'out/vite', rollupOptions: { output: { entryFileNames: '[name].mjs' } } },
  ssr: { noExternal: true },
  logLevel: 'error',
};
