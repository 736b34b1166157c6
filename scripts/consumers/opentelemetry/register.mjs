// Deno's --preload takes files, no packages.
import '@petiole/opentelemetry/register';
