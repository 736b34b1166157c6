/**
 * How a package is built, of the entries that its `build` script names: one ES module and one CommonJS file, since each file more
 * costs a program that starts time. An entry that imports another one is a few lines beside it, so that state exists once. Nothing
 * of other packages is taken in.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { defineConfig } from 'tsdown';

export default defineConfig({
  cwd: process.cwd(),
  // Both formats with their maps are to take no more room than the sources as single modules did: the ES module can be read, the
  // other one is small. Functions and classes keep their names in either, for stack traces.
  format: {
    esm: { dts: false, minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } } },
    cjs: {
      dts: { oxc: { stripInternal: true } },
      minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
    },
  },
  fixedExtension: false,
  hash: false,
  inputOptions: { preserveEntrySignatures: 'allow-extension', experimental: { attachDebugInfo: 'none' } },
  plugins: [
    {
      name: 'one-module-of-service-config',
      // It has the public names, too, and is where they are.
      resolveId: {
        order: 'pre',
        filter: { id: /^@petiole\/service-config$/ },
        handler: (id) => ({ id: `${id}/internal`, external: true }),
      },
    },
    {
      name: 'files-of-their-own',
      // What the package's `imports` name is loaded when it is needed, and is there once for both formats.
      resolveId: { order: 'pre', filter: { id: /^#/ }, handler: (id) => ({ id, external: true }) },
    },
    {
      name: 'values-without-side-effects',
      transform: { filter: { id: /\/src\/.*\.ts$/ }, handler: markPureCalls },
    },
  ],
  outputOptions: (options, _format, { cjsDts }) => ({
    ...options,
    sourcemap: !cjsDts,
    // The declarations have the comments.
    comments: { legal: false, annotation: true, jsdoc: false },
    sourcemapExcludeSources: true,
  }),
  checks: { legacyCjs: false },
  failOnWarn: true,
  report: false,
  logLevel: 'warn',
  hooks: {
    'build:done': async ({ chunks, options: { outDir } }) => {
      for (const chunk of chunks) {
        const file = join(outDir, chunk.fileName);
        if (file.endsWith('.map')) await thin(file);
        if (file.endsWith('.d.cts') && chunk.isEntry) await declareModule(file);
      }
    },
  },
});

/**
 * A bundler takes what an application uses of a file, and each call, since a call might have an effect. Nothing happens in these
 * packages when they are loaded, except in what `sideEffects` names, which are statements: the calls in values are marked as pure.
 */
function markPureCalls(code) {
  const starts = this.parse(code, { lang: 'ts' }).body.flatMap(
    ({ declaration, declarations = declaration?.declarations ?? [] }) =>
      declarations.flatMap(({ init }) => callsIn(init)),
  );
  return [0, ...starts].map((start, i) => code.slice(start, starts[i])).join('/* @__PURE__ */ ');
}

/** Where the calls begin that are made when a value is evaluated. */
function callsIn(value) {
  if (/^(Call|New)Expression$/.test(value?.type)) return [value.start];
  if (/^TS\w+Expression$/.test(value?.type)) return callsIn(value.expression);
  return [...(value?.elements ?? []), ...(value?.properties ?? []).map((property) => property.value)].flatMap(
    callsIn,
  );
}

/** Leaves of a map what a stack trace needs: where a line of the sources begins. */
async function thin(file) {
  const map = JSON.parse(await readFile(file, 'utf8'));
  const beginsLine = ([, source, line], i, segments) =>
    i === 0 || source !== segments[i - 1][1] || line !== segments[i - 1][2];
  const lines = decode(map.mappings).map((segments) =>
    segments
      .filter((segment) => segment.length > 1)
      .filter(beginsLine)
      .map((segment) => segment.slice(0, 4)),
  );
  await writeFile(file, JSON.stringify({ ...map, names: [], mappings: encode(lines) }));
}

/** Each type is declared once, for CommonJS; the declaration of the ES module leads there. */
async function declareModule(file) {
  const name = file.replace(/\.d\.cts$/, '');
  await writeFile(`${name}.d.ts`, `export * from './${name.split('/').at(-1)}.cjs';\n`);
}
