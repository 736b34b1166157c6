/** Loaded by --require: sdk-node, as its manual has it, with the instrumentation for traces. */
const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { reader } = require('./reader.cjs');

const exporter = new InMemorySpanExporter();
new NodeSDK({
  metricReaders: [reader],
  spanProcessors: [new SimpleSpanProcessor(exporter)],
  instrumentations: [new GrpcInstrumentation()],
}).start();
globalThis.finishedSpans = () => exporter.getFinishedSpans();
