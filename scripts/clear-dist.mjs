/** Empties the `dist` of the package that is built: a renamed file must not stay in what is published. */
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
