/**
 * A part of `pnpm generate`: writes the .proto file as a constant of the code, so that a bundler or Jest has no file to find.
 */
import { writeFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const PROTO = 'grpc/examples/echo/echo.proto';

const root = new protobuf.Root();
root.resolvePath = (_origin, path) => `proto/${path}`;
root.loadSync(PROTO, { keepCase: true });
writeFileSync(
  'src/generated/descriptor.ts',
  `// Original file: proto/${PROTO}

export const descriptor = ${JSON.stringify(root.toJSON(), null, 2)};
`,
);
