/**
 * How a package is built, of the entries that its `build` script names: one ES module and one CommonJS file, since each file more
 * costs a program that starts time. An entry that imports another one is a few lines beside it, so that state exists once. What a
 * package uses of service-config is taken in. Types are declared once, there.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getBuiltinModule } from 'node:process';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { defineConfig } from 'tsdown';

/** Has the public names, too. */
const SERVICE_CONFIG = fileURLToPath(new URL('../packages/service-config/src/internal.ts', import.meta.url));

/** Marks pure calls until minification is over, which drops comments. As long as `/*@__PURE__*\/`, so that source maps hold. */
const MARK = 'PETIOLE_PURE_';
const PURE = `${MARK}(/* @__PURE__ */ `;

const plugins = [
  {
    name: 'service-config-taken-in',
    resolveId: {
      order: 'pre',
      filter: { id: /^@petiole\/service-config(\/internal)?$/ },
      handler: (_id, importer) => (/\.d\.c?ts$/.test(importer) ? null : SERVICE_CONFIG),
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
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle))
        if (file.type === 'chunk') file.code = file.code.replaceAll(MARK, '/*@__PURE__*/');
    },
  },
];

/**
 * Built-in modules, for the ES module. An import would have Node.js read all that they export, and load what they load lazily:
 * `node:util` its parser of arguments, `node:timers` its promises.
 */
const builtinModules = {
  name: 'builtin-modules',
  resolveId: { order: 'pre', filter: { id: /^(node:|of-builtin$)/ }, handler: (id) => `\0${id}` },
  load: {
    filter: { id: /^\0(node:|of-builtin$)/ },
    handler(id) {
      const module = id.slice(1);
      if (module === 'of-builtin')
        return 'export const ofBuiltin = (module, name, all = process.getBuiltinModule(module)) => name ? all[name] : all;';
      const values = Object.keys(getBuiltinModule(module)).map(
        (name) => `export const ${name} = ${PURE}ofBuiltin("${module}", "${name}"));`,
      );
      const whole = `export default ${PURE}ofBuiltin("${module}"));`;
      return ['import { ofBuiltin } from "of-builtin";', whole, ...values].join('\n');
    },
  },
};

export default defineConfig({
  cwd: process.cwd(),
  format: {
    esm: { dts: false, plugins: [...plugins, builtinModules] },
    cjs: { dts: { oxc: { stripInternal: true } }, plugins },
  },
  // What is shorter is sooner compiled. Functions and classes keep their names, for stack traces.
  minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
  fixedExtension: false,
  hash: false,
  inputOptions: {
    preserveEntrySignatures: 'allow-extension',
    experimental: { attachDebugInfo: 'none' },
    treeshake: { manualPureFunctions: [MARK] },
  },
  outputOptions: (options, _format, { cjsDts }) => ({
    ...options,
    sourcemap: !cjsDts,
    // The declarations have the comments.
    comments: false,
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
        if (file.endsWith('.map')) await finish(file);
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
  const calls = this.parse(code, { lang: 'ts' }).body.flatMap(
    ({ declaration, declarations = declaration?.declarations ?? [] }) =>
      declarations.flatMap(({ init }) => callsIn(init)),
  );
  const marks = calls
    .flatMap(({ start, end }) => [
      [start, PURE],
      [end, ')'],
    ])
    .sort(([a], [b]) => a - b);
  return [[0, ''], ...marks].map(([at, mark], i, all) => mark + code.slice(at, all[i + 1]?.[0])).join('');
}

/** The calls that are made when a value is evaluated, those for arguments of others too: a bundler that drops a call keeps what they do. */
function callsIn(value) {
  if (value === null || typeof value !== 'object' || /Function|Class/.test(value.type)) return [];
  const within = Object.values(value).flatMap(callsIn);
  return /^(Call|New)Expression$/.test(value.type) ? [value, ...within] : within;
}

const WIDE = /[^\0-\x7f]/g;

/**
 * Makes the file of a map plain ASCII, since one other character has V8 read all of it at two bytes a character, and leaves of the
 * map what a stack trace needs: where a line of the sources begins.
 */
async function finish(map) {
  const file = map.slice(0, -'.map'.length);
  const code = await readFile(file, 'utf8');
  const escaped = (wide) => `\\u${wide.charCodeAt(0).toString(16).padStart(4, '0')}`;
  await writeFile(file, code.replaceAll(WIDE, escaped));
  const longer = code.split('\n').map((line) => Array.from(line.matchAll(WIDE), ({ index }) => index));

  const json = JSON.parse(await readFile(map, 'utf8'));
  const beginsLine = ([, source, line], i, segments) =>
    i === 0 || source !== segments[i - 1][1] || line !== segments[i - 1][2];
  const mappings = decode(json.mappings).map((segments, i) =>
    segments
      .filter((segment) => segment.length > 1)
      .filter(beginsLine)
      .map(([column, ...place]) => {
        const escapes = longer[i].filter((at) => at < column).length;
        return [column + 5 * escapes, ...place.slice(0, 3)];
      }),
  );
  await writeFile(map, JSON.stringify({ ...json, names: [], mappings: encode(mappings) }));
}

/** Each type is declared once, for CommonJS; the declaration of the ES module leads there. */
async function declareModule(file) {
  const name = file.replace(/\.d\.cts$/, '');
  await writeFile(`${name}.d.ts`, `export * from './${name.split('/').at(-1)}.cjs';\n`);
}
