package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	estats "google.golang.org/grpc/experimental/stats"
	"google.golang.org/grpc/stats/opentelemetry"
)

// A run is a client with metrics of its own, and a server.
type run struct {
	server *server
	conn   *grpc.ClientConn
	reader *sdkmetric.ManualReader
}

type scenario struct {
	name     string
	server   manner
	retries  bool
	optional []string
	do       func(*run)
}

var registered = grpc.StaticMethod()

var scenarios = []scenario{
	{name: "answered", do: func(r *run) {
		for range 3 {
			r.unary(context.Background(), "hello", registered)
		}
	}},
	{name: "not registered", do: func(r *run) { r.unary(context.Background(), "hello") }},
	{name: "refused by the application", do: func(r *run) { r.unary(context.Background(), "not found", registered) }},
	{name: "cancelled", do: func(r *run) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			for r.server.calls.Load() == 0 {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		r.unary(ctx, "hang", registered)
	}},
	{name: "deadline", do: func(r *run) {
		r.unary(context.Background(), "hello", registered)
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		r.unary(ctx, "hang", registered)
	}},
	{name: "retried twice", retries: true, do: func(r *run) { r.unary(context.Background(), "fail twice", registered) }},
	{name: "retried in vain", retries: true, do: func(r *run) { r.unary(context.Background(), "fail", registered) }},
	{name: "big", do: func(r *run) {
		r.unary(context.Background(), string(bytes.Repeat([]byte("x"), 1_000_000)), registered)
	}},
	{name: "empty", do: func(r *run) { r.unary(context.Background(), "", registered) }},
	{name: "stream", do: func(r *run) {
		stream, err := r.conn.NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, bidiMethod, registered)
		if err != nil {
			log.Fatal(err)
		}
		for _, size := range []int{10, 200, 3000} {
			var answer []byte
			if err := stream.SendMsg(bytes.Repeat([]byte("x"), size)); err != nil {
				log.Fatal(err)
			}
			if err := stream.RecvMsg(&answer); err != nil {
				log.Fatal(err)
			}
		}
		stream.CloseSend()
		var none []byte
		if err := stream.RecvMsg(&none); err != io.EOF {
			log.Fatal(err)
		}
	}},
	{name: "deadline before a connection", server: silent, do: func(r *run) {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		r.unary(ctx, "hello", registered)
	}},
	{name: "nobody listens", server: absent, do: func(r *run) { r.unary(context.Background(), "hello", registered) }},
	{name: "server stops", do: func(r *run) {
		r.unary(context.Background(), "hello", registered)
		r.server.GracefulStop()
		r.until("grpc.subchannel.disconnections")
	}},
	{name: "server stops, with a label", optional: []string{"grpc.disconnect_error"}, do: func(r *run) {
		r.unary(context.Background(), "hello", registered)
		r.server.GracefulStop()
		r.until("grpc.subchannel.disconnections")
	}},
	{name: "server breaks off", optional: []string{"grpc.disconnect_error"}, do: func(r *run) {
		r.unary(context.Background(), "hello", registered)
		r.server.breakOff()
		r.until("grpc.subchannel.disconnections")
	}},
	{name: "client closes", optional: []string{"grpc.disconnect_error"}, do: func(r *run) {
		r.unary(context.Background(), "hello", registered)
		r.conn.Close()
		r.until("grpc.subchannel.disconnections")
	}},
	{name: "custom label", optional: []string{"grpc.client.call.custom", "grpc.lb.locality", "grpc.lb.backend_service"}, do: func(r *run) {
		r.unary(estats.NewContextWithCustomLabel(context.Background(), "checkout"), "hello", registered)
		r.unary(context.Background(), "hello", registered)
	}},
}

const retryConfig = `{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.01s",
	"maxBackoff": "0.01s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

func (s scenario) run() any {
	r := &run{server: startServer(s.server), reader: sdkmetric.NewManualReader()}
	metrics := opentelemetry.MetricsOptions{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader)),
		Metrics: opentelemetry.DefaultMetrics().Add(
			"grpc.subchannel.disconnections", "grpc.subchannel.connection_attempts_succeeded",
			"grpc.subchannel.connection_attempts_failed", "grpc.subchannel.open_connections"),
		OptionalLabels: s.optional,
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})),
		opentelemetry.DialOption(opentelemetry.Options{MetricsOptions: metrics}),
	}
	if s.retries {
		options = append(options, grpc.WithDefaultServiceConfig(retryConfig))
	}
	conn, err := grpc.NewClient(r.server.address, options...)
	if err != nil {
		log.Fatal(err)
	}
	r.conn = conn
	s.do(r)
	recorded := r.recorded()
	conn.Close()
	r.server.Stop()
	return recorded
}

func (r *run) unary(ctx context.Context, request string, options ...grpc.CallOption) {
	var answer []byte
	_ = r.conn.Invoke(ctx, unaryMethod, []byte(request), &answer, options...)
}

func (r *run) until(metric string) {
	for {
		for _, m := range r.recorded() {
			if m.Name == metric {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
}
