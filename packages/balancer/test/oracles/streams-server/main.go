// Command streams-server is a grpc-go server that allows few streams on a connection: `go run ./streams-server STREAMS TOGETHER`.
// It prints its port, and ends when its input does. Every unary RPC, of whatever name, is answered with the client's end of its
// connection, once TOGETHER of them are there at a time. STREAMS 0 is grpc-go's default: it announces no limit.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/peer"
)

// bytesCodec leaves messages, which are *[]byte, as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*message.(*[]byte))}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: streams-server STREAMS TOGETHER")
	}
	streams, together := number(os.Args[1]), number(os.Args[2])
	var meeting sync.WaitGroup
	meeting.Add(together)
	answer := func(_ any, stream grpc.ServerStream) error {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		meeting.Done()
		meeting.Wait()
		client, _ := peer.FromContext(stream.Context())
		message = []byte(client.Addr.String())
		return stream.SendMsg(&message)
	}
	options := []grpc.ServerOption{grpc.ForceServerCodecV2(bytesCodec{}), grpc.UnknownServiceHandler(answer)}
	if streams > 0 {
		options = append(options, grpc.MaxConcurrentStreams(uint32(streams)))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer(options...)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	return value
}
