/**
 * `import '@petiole/resolver/register'`, or `node --import @petiole/resolver/register app.js`:
 * registers every resolver of this package with grpc-js, with default options. The flag finds the package from the
 * current directory. The manual one registers itself when it is made.
 */
// From the index, so that a build has no file more for it.
import { registerRefreshingDnsResolver, registerSrvResolver, registerStaticResolver } from './index.js';

registerStaticResolver();
registerSrvResolver();
registerRefreshingDnsResolver();
