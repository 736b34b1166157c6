/**
 * `import '@petiole/kubernetes/register'`, or `node --import @petiole/kubernetes/register app.js`: registers the resolver of
 * this package with grpc-js, with default options. The flag finds the package from the current directory.
 */
// From the index, so that a build has no file more for it.
import { registerKubernetesResolver } from './index.js';

registerKubernetesResolver();
