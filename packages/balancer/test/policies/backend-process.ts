/** A backend in a process of its own, which a test can freeze. Writes `port N` and serves until it is killed. */
import { Backend } from '@petiole/test-kit/backend';

const backend = await Backend.start();
console.log(`port ${backend.port}`);
