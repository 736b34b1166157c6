/** What both apps serve with: a server bound to an address, and the services that operators expect of it. */
export { bindServer, ListenError } from './bind-server.js';
export { introspection, ServerHealth } from './standard-services.js';
