// Original file: proto/grpc/examples/echo/echo.proto


export interface EchoRequest {
  'message'?: (string);
}

export interface EchoRequest__Output {
  'message': (string);
}
