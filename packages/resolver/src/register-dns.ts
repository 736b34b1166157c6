/**
 * `node --import @petiole/resolver/register-dns app.js`: takes `dns:` over for all clients of the process, with options
 * from the environment. It registers no policies; an `--import` before this one does.
 */
import { messageOf } from '@petiole/service-config/internal';
// From the index, so that a build has no file more for it.
import { type DnsRefreshOptions, registerRefreshingDnsResolver } from './index.js';
import { optionValue } from './target/query.js';

const VARIABLES = {
  PETIOLE_DNS_REFRESH_INTERVAL: 'refreshInterval',
  PETIOLE_DNS_DEADLINE: 'deadline',
  PETIOLE_DNS_MAX_ENDPOINTS: 'maxEndpoints',
  PETIOLE_DNS_FAMILIES: 'families',
  PETIOLE_DNS_SERVICE_CONFIG: 'serviceConfig',
} as const satisfies { readonly [variable: string]: keyof DnsRefreshOptions };

/** JSON, or the name of a policy. */
function serviceConfig(text: string): string {
  return text.startsWith('{') ? text : JSON.stringify({ loadBalancingConfig: [{ [text]: {} }] });
}

let options: DnsRefreshOptions = { scheme: 'dns' };
registerRefreshingDnsResolver(options);
for (const [variable, name] of Object.entries(VARIABLES)) {
  const text = process.env[variable]?.trim();
  if (!text) continue; // an empty variable is none
  options = { ...options, [name]: name === 'serviceConfig' ? serviceConfig(text) : optionValue(text) };
  try {
    registerRefreshingDnsResolver(options);
  } catch (error) {
    throw new Error(`@petiole/resolver/register-dns: ${variable}: ${messageOf(error)}`, { cause: error });
  }
}
