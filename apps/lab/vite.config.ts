/** Builds the page into dist/: one HTML file, with its script and style beside it, which the lab's process serves. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('src/page/', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: fileURLToPath(new URL('dist/', import.meta.url)), emptyOutDir: true },
});
