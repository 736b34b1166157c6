/** The OTLP exporter knows a URL; each export is one RPC. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { askByName } from './servers.mjs';

const spans = [];
const collect = {
  onStart() {},
  onEnd: (span) => spans.push(span),
  forceFlush: async () => {},
  shutdown: async () => {},
};
const tracer = new BasicTracerProvider({ spanProcessors: [collect] }).getTracer('consumer');
for (let i = 0; i < 9; i += 1) tracer.startSpan('asked').end();

const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const answers = await askByName(path, async (address) => {
  const exporter = new OTLPTraceExporter({ url: `http://${address}` });
  for (const span of spans) {
    const { error } = await new Promise((resolve) => exporter.export([span], resolve));
    if (error) throw error;
  }
  await exporter.shutdown();
});
console.log(answers);
