/** What @grpc/grpc-js really does with a service config. */
export {};
