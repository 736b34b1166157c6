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

/** What a variable says: a service config is JSON, or the name of a policy. */
function read(name: string, text: string): { readonly value: string | number; readonly hint: string } {
  if (name !== 'serviceConfig') return { value: optionValue(text), hint: '' };
  if (text.startsWith('{')) return { value: text, hint: '' };
  const value = JSON.stringify({ loadBalancingConfig: [{ [text]: {} }] });
  return {
    value,
    hint: '; an --import before this one is to register it, as @petiole/balancer/register does',
  };
}

let options: DnsRefreshOptions = { scheme: 'dns' };
registerRefreshingDnsResolver(options);
for (const [variable, name] of Object.entries(VARIABLES)) {
  const text = process.env[variable]?.trim();
  if (!text) continue; // an empty variable is none
  const { value, hint } = read(name, text);
  options = { ...options, [name]: value };
  try {
    registerRefreshingDnsResolver(options);
  } catch (error) {
    throw new Error(`@petiole/resolver/register-dns: ${variable}: ${messageOf(error)}${hint}`, {
      cause: error,
    });
  }
}
