// Original file: proto/grpc/examples/echo/echo.proto


export interface EchoResponse {
  'message'?: (string);
}

export interface EchoResponse__Output {
  'message': (string);
}
