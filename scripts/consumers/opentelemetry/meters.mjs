/** Loaded by --import: a MeterProvider, as an application without an SDK of its own sets one. */
import { metrics } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { reader } from './reader.cjs';

metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
