import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { EchoClient as _grpc_examples_echo_EchoClient, EchoDefinition as _grpc_examples_echo_EchoDefinition } from './grpc/examples/echo/Echo.js';
import type { EchoRequest as _grpc_examples_echo_EchoRequest, EchoRequest__Output as _grpc_examples_echo_EchoRequest__Output } from './grpc/examples/echo/EchoRequest.js';
import type { EchoResponse as _grpc_examples_echo_EchoResponse, EchoResponse__Output as _grpc_examples_echo_EchoResponse__Output } from './grpc/examples/echo/EchoResponse.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  grpc: {
    examples: {
      echo: {
        Echo: SubtypeConstructor<typeof grpc.Client, _grpc_examples_echo_EchoClient> & { service: _grpc_examples_echo_EchoDefinition }
        EchoRequest: MessageTypeDefinition<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoRequest__Output>
        EchoResponse: MessageTypeDefinition<_grpc_examples_echo_EchoResponse, _grpc_examples_echo_EchoResponse__Output>
      }
    }
  }
}

