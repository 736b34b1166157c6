package main

import (
	"context"
	"fmt"
	"log"
	"sort"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

type metric struct {
	Name        string    `json:"name"`
	Unit        string    `json:"unit"`
	Description string    `json:"description"`
	Kind        string    `json:"kind"`
	Bounds      []float64 `json:"bounds,omitempty"`
	Points      []point   `json:"points"`
}

// A point has a value unless that is a time: of a histogram it is the sum.
type point struct {
	Labels map[string]string `json:"labels"`
	Count  uint64            `json:"count,omitempty"`
	Value  *int64            `json:"value,omitempty"`
}

func (r *run) recorded() []metric {
	var data metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &data); err != nil {
		log.Fatal(err)
	}
	metrics := []metric{}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			metrics = append(metrics, r.describe(m))
		}
	}
	sort.Slice(metrics, func(i, j int) bool { return metrics[i].Name < metrics[j].Name })
	return metrics
}

func (r *run) describe(m metricdata.Metrics) metric {
	out := metric{Name: m.Name, Unit: m.Unit, Description: m.Description}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		out.Kind = "up-down counter"
		if data.IsMonotonic {
			out.Kind = "counter"
		}
		for _, p := range data.DataPoints {
			out.Points = append(out.Points, point{Labels: r.labels(p.Attributes), Value: &p.Value})
		}
	case metricdata.Histogram[int64]:
		out.Kind = "histogram"
		for _, p := range data.DataPoints {
			out.Bounds = p.Bounds
			out.Points = append(out.Points, point{Labels: r.labels(p.Attributes), Count: p.Count, Value: &p.Sum})
		}
	case metricdata.Histogram[float64]:
		out.Kind = "histogram"
		for _, p := range data.DataPoints {
			out.Bounds = p.Bounds
			out.Points = append(out.Points, point{Labels: r.labels(p.Attributes), Count: p.Count})
		}
	default:
		log.Fatalf("%s: %T", m.Name, m.Data)
	}
	sort.Slice(out.Points, func(i, j int) bool {
		return fmt.Sprint(out.Points[i].Labels) < fmt.Sprint(out.Points[j].Labels)
	})
	return out
}

func (r *run) labels(set attribute.Set) map[string]string {
	labels := map[string]string{}
	for _, l := range set.ToSlice() {
		labels[string(l.Key)] = strings.ReplaceAll(l.Value.String(), r.server.address, "SERVER")
	}
	return labels
}
