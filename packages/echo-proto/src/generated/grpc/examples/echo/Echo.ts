// Original file: proto/grpc/examples/echo/echo.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { EchoRequest as _grpc_examples_echo_EchoRequest, EchoRequest__Output as _grpc_examples_echo_EchoRequest__Output } from '../../../grpc/examples/echo/EchoRequest.js';
import type { EchoResponse as _grpc_examples_echo_EchoResponse, EchoResponse__Output as _grpc_examples_echo_EchoResponse__Output } from '../../../grpc/examples/echo/EchoResponse.js';

export interface EchoClient extends grpc.Client {
  BidirectionalStreamingEcho(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoResponse__Output>;
  BidirectionalStreamingEcho(options?: grpc.CallOptions): grpc.ClientDuplexStream<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoResponse__Output>;
  bidirectionalStreamingEcho(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoResponse__Output>;
  bidirectionalStreamingEcho(options?: grpc.CallOptions): grpc.ClientDuplexStream<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoResponse__Output>;
  
  ClientStreamingEcho(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientWritableStream<_grpc_examples_echo_EchoRequest>;
  ClientStreamingEcho(metadata: grpc.Metadata, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientWritableStream<_grpc_examples_echo_EchoRequest>;
  ClientStreamingEcho(options: grpc.CallOptions, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientWritableStream<_grpc_examples_echo_EchoRequest>;
  ClientStreamingEcho(callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientWritableStream<_grpc_examples_echo_EchoRequest>;
  clientStreamingEcho(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientWritableStream<_grpc_examples_echo_EchoRequest>;
  clientStreamingEcho(metadata: grpc.Metadata, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientWritableStream<_grpc_examples_echo_EchoRequest>;
  clientStreamingEcho(options: grpc.CallOptions, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientWritableStream<_grpc_examples_echo_EchoRequest>;
  clientStreamingEcho(callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientWritableStream<_grpc_examples_echo_EchoRequest>;
  
  ServerStreamingEcho(argument: _grpc_examples_echo_EchoRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_grpc_examples_echo_EchoResponse__Output>;
  ServerStreamingEcho(argument: _grpc_examples_echo_EchoRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_grpc_examples_echo_EchoResponse__Output>;
  serverStreamingEcho(argument: _grpc_examples_echo_EchoRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_grpc_examples_echo_EchoResponse__Output>;
  serverStreamingEcho(argument: _grpc_examples_echo_EchoRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_grpc_examples_echo_EchoResponse__Output>;
  
  UnaryEcho(argument: _grpc_examples_echo_EchoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientUnaryCall;
  UnaryEcho(argument: _grpc_examples_echo_EchoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientUnaryCall;
  UnaryEcho(argument: _grpc_examples_echo_EchoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientUnaryCall;
  UnaryEcho(argument: _grpc_examples_echo_EchoRequest, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientUnaryCall;
  unaryEcho(argument: _grpc_examples_echo_EchoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientUnaryCall;
  unaryEcho(argument: _grpc_examples_echo_EchoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientUnaryCall;
  unaryEcho(argument: _grpc_examples_echo_EchoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientUnaryCall;
  unaryEcho(argument: _grpc_examples_echo_EchoRequest, callback: grpc.requestCallback<_grpc_examples_echo_EchoResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface EchoHandlers extends grpc.UntypedServiceImplementation {
  BidirectionalStreamingEcho: grpc.handleBidiStreamingCall<_grpc_examples_echo_EchoRequest__Output, _grpc_examples_echo_EchoResponse>;
  
  ClientStreamingEcho: grpc.handleClientStreamingCall<_grpc_examples_echo_EchoRequest__Output, _grpc_examples_echo_EchoResponse>;
  
  ServerStreamingEcho: grpc.handleServerStreamingCall<_grpc_examples_echo_EchoRequest__Output, _grpc_examples_echo_EchoResponse>;
  
  UnaryEcho: grpc.handleUnaryCall<_grpc_examples_echo_EchoRequest__Output, _grpc_examples_echo_EchoResponse>;
  
}

export interface EchoDefinition extends grpc.ServiceDefinition {
  BidirectionalStreamingEcho: MethodDefinition<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoResponse, _grpc_examples_echo_EchoRequest__Output, _grpc_examples_echo_EchoResponse__Output>
  ClientStreamingEcho: MethodDefinition<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoResponse, _grpc_examples_echo_EchoRequest__Output, _grpc_examples_echo_EchoResponse__Output>
  ServerStreamingEcho: MethodDefinition<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoResponse, _grpc_examples_echo_EchoRequest__Output, _grpc_examples_echo_EchoResponse__Output>
  UnaryEcho: MethodDefinition<_grpc_examples_echo_EchoRequest, _grpc_examples_echo_EchoResponse, _grpc_examples_echo_EchoRequest__Output, _grpc_examples_echo_EchoResponse__Output>
}
