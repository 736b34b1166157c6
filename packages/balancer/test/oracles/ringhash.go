package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/balancer/ringhash"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/experimental/balancer/weight"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	attributes "google.golang.org/grpc/resolver/ringhash"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type server struct {
	Addresses []string `json:"addresses"`
	HashKey   string   `json:"hashKey,omitempty"`
	Weight    uint32   `json:"weight,omitempty"`
	Down      bool     `json:"down,omitempty"`
}

type fleet struct {
	Name        string     `json:"name"`
	MinRingSize int        `json:"minRingSize"`
	MaxRingSize int        `json:"maxRingSize"`
	Servers     []server   `json:"servers"`
	Users       int        `json:"users,omitempty"`  // the keys are user-0, user-1, …
	Values      [][]string `json:"values,omitempty"` // or each of these lists of values of the header
	Answers     []string   `json:"answers"`          // who answered to each key: a digit of base 36, 100 a line
}

// ringHash asks fleets of real servers, through real channels with ring_hash_experimental, who answers to which key.
func ringHash() any {
	servers := func(n int, address string) []server {
		list := make([]server, n)
		for i := range list {
			list[i].Addresses = []string{fmt.Sprintf(address, n-i)}
		}
		return list
	}
	weighted := servers(5, "10.0.0.%d:50051")
	for i, weight := range []uint32{10, 1, 4, 2, 3} {
		weighted[i].Weight = weight
	}
	oneDown := servers(5, "10.0.0.%d:50051")
	oneDown[2].Down = true
	named := servers(5, "10.1.0.%d:50051")
	for i := range named {
		named[i].HashKey = fmt.Sprintf("echo-%d", (3*i)%5)
		named[i].Addresses = append(named[i].Addresses, fmt.Sprintf("[2001:db8::%d]:50051", i))
		named[i].Weight = uint32(1 + i%2)
	}
	named[1].Down = true
	named[4].HashKey = "" // who has no hash key has the first address as its key
	// In UTF-16, as JavaScript compares, the rocket comes before the tilde. Who comes first has an entry more.
	foreign := servers(5, "10.0.0.%d:50051")
	for i, key := range []string{"🚀", "～", "é", "z", "Z"} {
		foreign[i].HashKey = key
	}
	fleets := []fleet{
		{Name: "five equal servers", MinRingSize: 1024, MaxRingSize: 4096, Servers: servers(5, "10.0.0.%d:50051"), Users: 10_000},
		{Name: "one of them down", MinRingSize: 1024, MaxRingSize: 4096, Servers: oneDown, Users: 10_000},
		{Name: "weights", MinRingSize: 1024, MaxRingSize: 4096, Servers: weighted, Users: 10_000},
		{Name: "hash keys, two addresses each, one down", MinRingSize: 100, MaxRingSize: 4096, Servers: named, Users: 10_000},
		{Name: "hash keys of all letters", MinRingSize: 13, MaxRingSize: 13, Servers: foreign, Users: 1000},
		{Name: "more servers than entries", MinRingSize: 1, MaxRingSize: 3, Servers: servers(5, "10.0.0.%d:50051"), Users: 1000},
		{Name: "many servers", MinRingSize: 1, MaxRingSize: 64, Servers: servers(36, "[2001:db8::%x]:443"), Users: 2000},
		{Name: "above the cap", MinRingSize: 10_000, MaxRingSize: 20_000, Servers: weighted, Users: 2000},
		{Name: "values", MinRingSize: 1024, MaxRingSize: 4096, Servers: servers(36, "10.0.0.%d:50051"), Values: [][]string{
			{""}, {"a"}, {"a", "b"}, {"a,b"}, {"b", "a"}, {"", ""}, {" a "}, {strings.Repeat("long", 500)},
		}},
	}
	for i := range fleets {
		fleets[i].ask()
	}
	return fleets
}

func (f *fleet) ask() {
	listeners := map[string]*bufconn.Listener{}
	var endpoints []resolver.Endpoint
	for i, s := range f.Servers {
		endpoint := attributes.SetHashKey(endpointOf(s.Addresses...), s.HashKey)
		endpoints = append(endpoints, weight.Set(endpoint, weight.EndpointInfo{Weight: s.Weight}))
		if s.Down {
			continue
		}
		listener := bufconn.Listen(1 << 16)
		for _, address := range s.Addresses {
			listeners[address] = listener
		}
		instance := grpc.NewServer()
		instance.RegisterService(&who, uint32(i))
		go instance.Serve(listener)
		defer instance.Stop()
	}
	names := manual.NewBuilderWithScheme("oracle")
	names.InitialState(resolver.State{Endpoints: endpoints})
	channel, err := grpc.NewClient("oracle:///fleet",
		grpc.WithResolvers(names),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			if listener := listeners[address]; listener != nil {
				return listener.DialContext(ctx)
			}
			return nil, fmt.Errorf("%s is down", address)
		}),
		grpc.WithDefaultServiceConfig(fmt.Sprintf(
			`{ "loadBalancingConfig": [{ "ring_hash_experimental": { "minRingSize": %d, "maxRingSize": %d, "requestHashHeader": "x-user-id" } }] }`,
			f.MinRingSize, f.MaxRingSize)))
	if err != nil {
		log.Fatal(err)
	}
	defer channel.Close()
	values := f.Values
	for i := range f.Users {
		values = append(values, []string{fmt.Sprintf("user-%d", i)})
	}
	answers := make([]byte, len(values))
	var callers sync.WaitGroup
	const callerCount = 32
	for caller := range callerCount {
		callers.Go(func() {
			for i := caller; i < len(values); i += callerCount {
				answers[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[call(channel, values[i])]
			}
		})
	}
	callers.Wait()
	for line := range slices.Chunk(answers, 100) {
		f.Answers = append(f.Answers, string(line))
	}
}

// call makes an RPC with these values of the header, and returns the index of the server that answered.
func call(channel *grpc.ClientConn, values []string) uint32 {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ctx = metadata.NewOutgoingContext(ctx, metadata.MD{"x-user-id": values})
	answer := &wrapperspb.UInt32Value{}
	if err := channel.Invoke(ctx, "/oracle.Who/Are", &emptypb.Empty{}, answer); err != nil {
		log.Fatal(err)
	}
	return answer.Value
}

// who is a service whose implementation is the index of its server.
var who = grpc.ServiceDesc{
	ServiceName: "oracle.Who",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Are",
		Handler: func(index any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			return wrapperspb.UInt32(index.(uint32)), decode(&emptypb.Empty{})
		},
	}},
}

func endpointOf(addresses ...string) (endpoint resolver.Endpoint) {
	for _, address := range addresses {
		endpoint.Addresses = append(endpoint.Addresses, resolver.Address{Addr: address})
	}
	return endpoint
}
