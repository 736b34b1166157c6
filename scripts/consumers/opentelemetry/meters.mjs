/** Loaded by --import: a MeterProvider, as an SDK sets one. What it has recorded is read at the end. */
import { metrics } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}
const reader = new Reader();
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

/** The numbers of a metric by one label. */
globalThis.recorded = async (name, label) => {
  const { resourceMetrics } = await reader.collect();
  const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  const { dataPoints } = all.find(({ descriptor }) => descriptor.name === name);
  return Object.fromEntries(
    dataPoints.map(({ attributes, value }) => [attributes[label], value.count ?? value]),
  );
};
