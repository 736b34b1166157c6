/** Loaded before grpc-js, by --import: it patches what is loaded later. Its hook is for ES modules. */
import { register } from 'node:module';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
new GrpcInstrumentation().setTracerProvider(provider);
globalThis.finishedSpans = () => exporter.getFinishedSpans();
