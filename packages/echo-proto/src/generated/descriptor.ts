// Original file: proto/grpc/examples/echo/echo.proto

export const descriptor = {
  "nested": {
    "grpc": {
      "nested": {
        "examples": {
          "nested": {
            "echo": {
              "options": {
                "go_package": "google.golang.org/grpc/examples/features/proto/echo"
              },
              "nested": {
                "EchoRequest": {
                  "fields": {
                    "message": {
                      "type": "string",
                      "id": 1
                    }
                  }
                },
                "EchoResponse": {
                  "fields": {
                    "message": {
                      "type": "string",
                      "id": 1
                    }
                  }
                },
                "Echo": {
                  "methods": {
                    "UnaryEcho": {
                      "requestType": "EchoRequest",
                      "responseType": "EchoResponse"
                    },
                    "ServerStreamingEcho": {
                      "requestType": "EchoRequest",
                      "responseType": "EchoResponse",
                      "responseStream": true
                    },
                    "ClientStreamingEcho": {
                      "requestType": "EchoRequest",
                      "requestStream": true,
                      "responseType": "EchoResponse"
                    },
                    "BidirectionalStreamingEcho": {
                      "requestType": "EchoRequest",
                      "requestStream": true,
                      "responseType": "EchoResponse",
                      "responseStream": true
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
};
