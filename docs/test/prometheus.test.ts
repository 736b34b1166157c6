/** Alerts and dashboard name only metrics and labels that there are, as OpenTelemetry's exporter writes them for Prometheus. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { METRICS } from '@petiole/opentelemetry';
import { expect, test } from 'vitest';
import { ROOT } from './code-blocks.js';

/** One value of each metric, in Prometheus's text format. */
async function exported(): Promise<string> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('grpc-js');
  for (const [name, { kind, unit, labels }] of Object.entries(METRICS)) {
    const all = Object.fromEntries(labels.map((label) => [label, 'x']));
    const options = { unit };
    if (kind === 'counter') meter.createCounter(name, options).add(1, all);
    else if (kind === 'histogram') meter.createHistogram(name, options).record(1, all);
    else if (kind === 'gauge') meter.createGauge(name, options).record(1, all);
    else meter.createUpDownCounter(name, options).add(1, all);
  }
  const { resourceMetrics } = await exporter.collect();
  return new PrometheusSerializer().serialize(resourceMetrics);
}

const text = await exported();
const known = new Set(text.match(/\b(?:grpc|petiole)_\w+/g));

test.each(['alerts.yaml', 'dashboard.json'])('%s has nothing that is not exported', (file) => {
  // This exporter leaves out the units that others write.
  const content = readFileSync(join(ROOT, 'docs/prometheus', file), 'utf8').replaceAll(
    /\(_(?:seconds|bytes)\)\?/g,
    '',
  );
  const named = new Set(content.match(/\b(?:grpc|petiole)_\w+/g));
  expect(named.size).toBeGreaterThan(8);
  expect([...named].filter((name) => !known.has(name))).toEqual([]);
});

test('the table of the manual has every metric, with kind, unit and whether it is on, and no other', () => {
  const manual = readFileSync(join(ROOT, 'packages/opentelemetry/README.md'), 'utf8');
  const rows = [...manual.matchAll(/^\| `((?:grpc|petiole)\.[\w.]+)` \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$/gm)];
  const printed = Object.fromEntries(
    rows
      .filter(([, , kind]) => kind?.includes(', '))
      .map(([, name, kind, , words]) => [name, [kind, words?.includes('off by default')]]),
  );
  expect(printed).toEqual(
    Object.fromEntries(
      Object.entries(METRICS).map(([name, { kind, unit, isDefault }]) => [
        name,
        [`${kind}, ${unit}`, !isDefault],
      ]),
    ),
  );
});
