export { context, metrics, ValueType } from '@opentelemetry/api';
