package main

import (
	"encoding/json"
	"fmt"
	"log"
	"slices"
	_ "unsafe" // for go:linkname

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/randomsubsetting"
	"google.golang.org/grpc/resolver"
)

// The policy draws its seed here when it is built. Nothing public sets it; grpc-go's own tests write to the field of the policy.
//
//go:linkname randUint64 google.golang.org/grpc/balancer/randomsubsetting.randUint64
var randUint64 func() uint64

type subset struct {
	Seed       string `json:"seed"` // hexadecimal
	SubsetSize int    `json:"subsetSize"`
	Subset     []int  `json:"subset"` // indices of the endpoints, in the order in which the child policy gets them
}

// randomSubsetting gives the endpoints that random_subsetting_experimental passes on to its child policy.
func randomSubsetting() any {
	var addresses [][]string
	for i := range 40 {
		addresses = append(addresses, [][]string{
			{fmt.Sprintf("10.0.0.%d:50051", i)},
			{fmt.Sprintf("[2001:db8::%x]:443", i), fmt.Sprintf("192.0.2.%d:443", i)},
			{fmt.Sprintf("server-%d.example:8080", i)},
			{fmt.Sprintf("10.0.%d.1:1", i), fmt.Sprintf("10.0.%d.2:1", i), "10.9.9.9:1"},
		}[i%4])
	}
	addresses[13] = []string{}
	var endpoints []resolver.Endpoint
	for _, list := range addresses {
		endpoints = append(endpoints, endpointOf(list...))
	}
	child := &recorder{}
	balancer.Register(child)
	var subsets []subset
	for i, size := range []int{1, 2, 3, 5, 8, 13, 20, 38, 39, 40, 100, 10, 10, 10, 10} {
		seed := []uint64{0, 1, 1<<64 - 1, uint64(i) * 0x9e3779b97f4a7c15}[min(i, 3)]
		subsets = append(subsets, subset{hex(seed), size, subsetOf(child, endpoints, size, seed)})
	}
	return map[string]any{"endpoints": addresses, "subsets": subsets}
}

func subsetOf(child *recorder, endpoints []resolver.Endpoint, size int, seed uint64) []int {
	randUint64 = func() uint64 { return seed }
	policy := balancer.Get(randomsubsetting.Name)
	config, err := policy.(balancer.ConfigParser).ParseConfig(
		json.RawMessage(fmt.Sprintf(`{ "subsetSize": %d, "childPolicy": [{ %q: {} }] }`, size, child.Name())))
	if err != nil {
		log.Fatal(err)
	}
	instance := policy.Build(nobody{}, balancer.BuildOptions{})
	defer instance.Close()
	if err := instance.UpdateClientConnState(balancer.ClientConnState{
		ResolverState:  resolver.State{Endpoints: endpoints},
		BalancerConfig: config,
	}); err != nil {
		log.Fatal(err)
	}
	indices := []int{}
	for _, endpoint := range child.endpoints {
		indices = append(indices, slices.IndexFunc(endpoints, func(e resolver.Endpoint) bool {
			return slices.EqualFunc(e.Addresses, endpoint.Addresses, resolver.Address.Equal)
		}))
	}
	return indices
}

// nobody is a channel that is asked for nothing.
type nobody struct{ balancer.ClientConn }

// recorder is a child policy that only remembers the endpoints it was given.
type recorder struct {
	balancer.Balancer
	endpoints []resolver.Endpoint
}

func (r *recorder) Name() string { return "recorder" }

func (r *recorder) Build(balancer.ClientConn, balancer.BuildOptions) balancer.Balancer { return r }

func (r *recorder) UpdateClientConnState(state balancer.ClientConnState) error {
	r.endpoints = state.ResolverState.Endpoints
	return nil
}

func (r *recorder) Close() {}
