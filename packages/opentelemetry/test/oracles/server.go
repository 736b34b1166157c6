package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What the tests' servers do, too: the request says what comes of it.
const (
	unaryMethod = "/petiole.test.Echo/Unary"
	bidiMethod  = "/petiole.test.Echo/Bidi"
)

type server struct {
	*grpc.Server
	address string
	calls   atomic.Int32
	conns   chan net.Conn
}

// keeping remembers the connections that a listener accepts.
type keeping struct {
	net.Listener
	conns chan<- net.Conn
}

func (k keeping) Accept() (net.Conn, error) {
	conn, err := k.Listener.Accept()
	if err == nil {
		k.conns <- conn
	}
	return conn, err
}

// breakOff ends the server's one connection without a word.
func (s *server) breakOff() { (<-s.conns).Close() }

// How a server treats those who connect.
type manner int

const (
	serving manner = iota
	silent         // accepts connections, and says nothing
	absent         // is not there any more
)

func startServer(manner manner) *server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	s := &server{Server: grpc.NewServer(grpc.ForceServerCodec(rawCodec{})), address: listener.Addr().String(), conns: make(chan net.Conn, 10)}
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "petiole.test.Echo",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Unary", Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var request []byte
			if err := decode(&request); err != nil {
				return nil, err
			}
			return s.unary(ctx, request)
		}}},
		Streams: []grpc.StreamDesc{{StreamName: "Bidi", ServerStreams: true, ClientStreams: true, Handler: echoStream}},
	}, struct{}{})
	switch manner {
	case serving:
		go s.Serve(keeping{listener, s.conns})
	case absent:
		listener.Close()
	}
	return s
}

func (s *server) unary(ctx context.Context, request []byte) ([]byte, error) {
	call := s.calls.Add(1)
	switch string(request) {
	case "not found":
		return nil, status.Error(codes.NotFound, "nobody knows it")
	case "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case "fail twice":
		if call <= 2 {
			return nil, status.Error(codes.Unavailable, "not yet")
		}
	case "fail":
		return nil, status.Error(codes.Unavailable, "never")
	}
	return request, nil
}

func echoStream(_ any, stream grpc.ServerStream) error {
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(message); err != nil {
			return err
		}
	}
}

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case []byte:
		return v, nil
	case *[]byte:
		return *v, nil
	}
	return nil, fmt.Errorf("not bytes: %T", v)
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	*(v.(*[]byte)) = append([]byte{}, data...)
	return nil
}

func (rawCodec) Name() string { return "raw" }
