/** Where the records of the scenarios are. */
import { fileURLToPath } from 'node:url';

export const RECORDED: string = fileURLToPath(new URL('../recorded', import.meta.url));

/** A name for a scenario's record, and for the namespace that it was made in: at most 63 small letters, digits and "-". */
export function fileOf(title: string, world: number): string {
  const words = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/-$/, '');
  return `${words}-${world}`;
}
